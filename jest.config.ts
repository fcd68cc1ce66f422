import type { Config } from 'jest';

const shared: Config = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions() }] },
  moduleNameMapper: {
    '^#([a-z]+)/(.*)$': '<rootDir>/libs/$1/src/$2.ts',
    '^(\\.{1,2}/.*(?<!\\.json))\\.js$': '$1', // `metadata.json.js` is a module, `metadata.json` is none
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.patchbay/'],
};

function swcOptions() {
  return {
    swcrc: false,
    jsc: {
      target: 'es2024',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  };
}

const folders = '{apps,libs,samples,scripts,bench}';

const config: Config = {
  maxWorkers: 2, // much of the time goes to waiting for processes
  testTimeout: 30_000, // against hanging, not against a busy machine
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [`<rootDir>/${folders}/**/!(*.int).spec.ts`],
    },
    {
      ...shared,
      displayName: 'int',
      testMatch: [`<rootDir>/${folders}/**/*.int.spec.ts`],
      globalSetup: '<rootDir>/dist/libs/testing/src/global-setup.js',
      globalTeardown: '<rootDir>/dist/libs/testing/src/global-teardown.js',
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e.spec.ts'],
    },
  ],
};

export default config;
