import type { ErrorCode } from '#contracts/errors';

export interface FlowPage {
  readonly title: string;
  readonly text: string;
}

export const connected: FlowPage = {
  title: 'Connected',
  text: 'The account is connected. You can close this page.',
};

const again = 'Ask whoever sent you the link for a new one.';
const refused: Partial<Record<ErrorCode, FlowPage>> = {
  invalid_request: { title: 'No such link', text: `This is not a whole link of ours. ${again}` },
  not_found: {
    title: 'No longer good',
    text: `The link was used already, or is older than ten minutes. ${again}`,
  },
  forbidden: {
    title: 'Another browser',
    text: `The link has to be opened in the browser that you sign in with, and cookies allowed there. ${again}`,
  },
  credential_refused: { title: 'Not connected', text: `The sign-in was not completed. ${again}` },
  credential_not_found: { title: 'No longer wanted', text: `What the account was for is gone. ${again}` },
  precondition_failed: { title: 'No longer good', text: `What the account is for has changed. ${again}` },
};
const trouble: FlowPage = { title: 'Not connected', text: `Something did not work. ${again}` };

/** What to tell somebody whose account was not connected: words of ours only, whatever came. */
export function refusalPage(code: ErrorCode): FlowPage {
  return refused[code] ?? trouble;
}

/** Needs no script, no style and nothing from elsewhere. The words have no characters of HTML's own. */
export function toHtml({ title, text }: FlowPage): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`;
}
