import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import * as audit from './audit.contract.js';
import * as calls from './call.contract.js';
import * as catalog from './catalog.contract.js';
import * as executor from './executor.contract.js';
import { Announcement, Rpc } from './rpc.js';
import { Validator } from './validate.js';
import * as vault from './vault.contract.js';

const exported = [audit, calls, catalog, executor, vault].flatMap(
  (contract) => Object.values(contract) as unknown[],
);
const rpcs = exported.filter((one) => one instanceof Rpc);
const announcements = exported.filter((one) => one instanceof Announcement);

describe('the subjects of the bus', () => {
  it('are all exported by the contract of the service that handles them', async () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.contract.ts'));
    const modules = await Promise.all(
      files.map((file) => import(`./${file.replace(/ts$/, 'js')}`) as Promise<object>),
    );
    const declared = modules.flatMap((module) => Object.values(module) as unknown[]);

    expect(
      declared.filter(
        (one) => (one instanceof Rpc || one instanceof Announcement) && !exported.includes(one),
      ),
    ).toEqual([]);
  });

  it('are declared once each', () => {
    const subjects = [...rpcs, ...announcements].map((one) => one.subject);

    expect(subjects.length).toBeGreaterThan(20);
    expect(subjects.filter((one, index) => subjects.indexOf(one) !== index)).toEqual([]);
  });

  it.each(rpcs.map((rpc) => [rpc.subject, rpc] as const))('%s is well formed', (subject, rpc) => {
    expect(subject).toMatch(
      rpc.isPublic ? /^patchbay\.v1\.\*\.[a-z]+\.[a-z]+$/ : /^patchbay\.internal\.[a-z]+\.[a-z]+\.[a-z]+$/,
    );
  });

  it('address a public request to one organization only', () => {
    expect(executor.executeTool.subjectFor('11111111-1111-4111-8111-111111111111')).toBe(
      'patchbay.v1.11111111-1111-4111-8111-111111111111.tools.execute',
    );
    expect(() => executor.executeTool.subjectFor()).toThrow('addressed to an organization');
  });
});

describe('request validation', () => {
  it('names every problem by JSON Pointer and says what would be right', () => {
    const problems = new Validator(executor.ExecuteTool).problems({
      toolKey: 'Look-Up',
      callId: 7,
      argumnts: {},
      context: { direction: true, contact: [] },
    });

    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual(
      expect.arrayContaining([
        ['/argumnts', 'unknown_field'],
        ['/toolKey', 'wrong_format'],
        ['/callId', 'wrong_type'],
        ['/context/direction', 'wrong_type'],
        ['/context/contact', 'wrong_type'],
      ]),
    );
    expect(problems.find((one) => one.code === 'unknown_field')?.message).toContain('arguments');
  });

  it('never quotes a value where values may be secrets', () => {
    const problems = new Validator(vault.CredentialInput, { showValues: false }).problems({
      type: 'bearer',
      name: 'crm',
      origins: [],
      token: 12345,
    });

    expect(problems).toEqual([
      { pointer: '/token', code: 'wrong_type', message: 'must be string', found: 'number' },
    ]);
  });

  it('lists the credential types when the type is not one of them', () => {
    const problems = new Validator(vault.CredentialInput, { showValues: false }).problems({ type: 'ouath' });

    expect(problems).toEqual([
      expect.objectContaining({ pointer: '/type', message: expect.stringContaining('"bearer", "basic"') }),
    ]);
  });
});
