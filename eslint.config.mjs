import prettier from 'eslint-config-prettier';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const apps = ['catalog', 'vault', 'executor', 'audit', 'gateway'];
const libs = [
  'contracts',
  'devstack',
  'egress',
  'messaging',
  'runtime',
  'sealing',
  'telemetry',
  'testing',
  'toolcall',
];

/** What each library may import; whatever is not named is refused. */
const mayImport = {
  toolcall: [],
  sealing: [],
  egress: [],
  telemetry: [],
  devstack: ['contracts', 'messaging', 'runtime', 'sealing'],
  contracts: ['toolcall'],
  messaging: ['contracts', 'telemetry', 'toolcall'],
  runtime: ['contracts', 'egress', 'messaging', 'telemetry', 'toolcall'],
};

/** What header names mean is known to the way out; those rules are pure, and saving a tool has to apply them too. */
const filesOf = (lib) => (lib === 'egress' ? './libs/egress/src/!(header-rules).ts' : `./libs/${lib}/**`);

const zones = [
  ...Object.entries(mayImport).map(([lib, allowed]) => ({
    target: `./libs/${lib}/src/!(*.spec).ts`,
    from: ['./apps/**', ...libs.filter((one) => one !== lib && !allowed.includes(one)).map(filesOf)],
    message: `libs/${lib} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other part of Patchbay'}.`,
  })),
  ...apps.map((app) => ({
    target: `./apps/${app}`,
    from: apps.filter((one) => one !== app).map((one) => `./apps/${one}`),
    message: 'Services talk through libs/contracts, never by importing each other.',
  })),
  ...apps.map((app) => ({
    target: `./apps/${app}/src/**/!(*.spec).ts`,
    from: ['./libs/testing', './libs/devstack'],
    message: 'libs/testing and libs/devstack are for specs, scripts and benches.',
  })),
];

/** Packages that only one part of the tree may use, and the parts that may. */
const natsClient = [
  '@nats-io/transport-node',
  '@nats-io/nats-core',
  '@nats-io/jetstream',
  '@nats-io/kv',
  '@nats-io/nkeys',
];
const httpClients = ['undici', 'node:http', 'http', 'node:https', 'https', 'axios', 'node:http2', 'http2']
  .concat(['node:tls', 'tls', 'node:dgram', 'dgram'])
  .map((name) => ({ name }))
  .concat(
    ['node:net', 'net'].map((name) => ({
      name,
      importNames: ['default', 'connect', 'createConnection', 'Socket'],
    })),
  );
const ciphers = {
  name: 'node:crypto',
  importNames: ['createCipheriv', 'createDecipheriv'],
  message: 'Ciphers live in apps/vault/src/crypto and libs/sealing.',
};

const restrict = (options = {}) => ({
  'no-restricted-imports': [
    'error',
    {
      paths: [
        ...(options.nats
          ? []
          : natsClient.map((name) => ({ name, message: 'The NATS client lives in libs/messaging.' }))),
        ...(options.http
          ? []
          : httpClients.map((one) => ({ ...one, message: 'The way out is libs/egress.' }))),
        ...(options.opossum
          ? []
          : [{ name: 'opossum', message: 'Breakers live in apps/executor/src/upstream.' }]),
        ...(options.typeorm
          ? []
          : [
              {
                name: 'typeorm',
                message: 'TypeORM belongs in entities, services, queries, data sources, migrations.',
              },
            ]),
        ...(options.ciphers ? [] : [ciphers]),
      ],
    },
  ],
});

export default tseslint.config(
  { ignores: ['dist', 'coverage', '.patchbay', 'node_modules'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, importX.flatConfigs.typescript],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // Nest's option types are classes
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-ignore': true, 'ts-nocheck': true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-restricted-globals': [
        'error',
        ...['fetch', 'WebSocket', 'EventSource'].map((name) => ({
          name,
          message: 'The way out is libs/egress.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'globalThis', property: 'fetch', message: 'The way out is libs/egress.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "Identifier[name='forwardRef']",
          message: 'A cycle of modules is two modules badly cut.',
        },
      ],
      ...restrict(),
    },
  },
  { files: ['libs/messaging/src/**/*.ts'], rules: restrict({ nats: true }) },
  { files: ['libs/egress/src/**/*.ts'], rules: restrict({ http: true }) },
  {
    files: ['libs/sealing/src/**/*.ts', 'apps/vault/src/crypto/**/*.ts'],
    rules: restrict({ ciphers: true }),
  },
  // An operator's key service, at an address of the operator's: none of what libs/egress guards against.
  { files: ['apps/vault/src/keys/*.provider.ts'], rules: restrict({ http: true }) },
  { files: ['apps/executor/src/upstream/**/*.ts'], rules: restrict({ opossum: true }) },
  {
    files: [
      'apps/**/*.entity.ts',
      'apps/**/*.service.ts',
      'apps/**/*.queries.ts',
      'apps/**/data-source.ts',
      'apps/**/migrations/*.ts',
      'apps/**/*.module.ts',
      'libs/runtime/src/database.ts',
      'libs/runtime/src/migrate.ts',
      'libs/runtime/src/organizations.ts',
      'libs/runtime/src/{apply-rights,service-role}.ts',
    ],
    rules: restrict({ typeorm: true }),
  },
  {
    // Specs, benches and the development stack are clients of the system from outside: they may speak to it directly.
    files: [
      '**/*.spec.ts',
      'test/**/*.ts',
      'apps/*/test/**/*.ts',
      'bench/**/*.ts',
      'libs/testing/**/*.ts',
      'libs/devstack/**/*.ts',
      'scripts/**/*.ts',
      'samples/**/*.ts',
      'libs/runtime/src/operations-server.ts',
    ],
    rules: {
      ...restrict({ nats: true, http: true, opossum: true, typeorm: true, ciphers: true }),
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // expect.any() and friends are `any`
    },
  },
  {
    // Replies of every shape are looked into, and expect says when one is not what it should be.
    files: ['test/**/*.ts', 'libs/testing/src/test-platform.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['jest.config.ts', 'libs/testing/src/global-*.ts'],
    rules: { 'import-x/no-default-export': 'off' },
  },
  prettier,
);
