import type { Burden, ToolDefinition } from '../tool-definition.js';
import { asSentence } from './schema-words.js';

/** What a burden asks of a model, in words it follows. */
const guidance: Record<Burden, string> = {
  ambient: 'Use it silently, without mentioning it to the caller.',
  conversational: 'Use it when the conversation calls for it, saying briefly what you are doing.',
  requested: 'Use it only when the caller has explicitly asked for it; never on your own initiative.',
  confirmed:
    'Ask the caller before using this: say what you are about to do, and use it only after the caller’s explicit yes.',
  verified: 'Use it only after the caller’s identity has been verified.',
};

/** The tool's description for a model: what it does and when, then what its burden asks. */
export function describeWithGuidance({ description, burden }: ToolDefinition, longest = Infinity): string {
  const asked = guidance[burden];
  const room = longest - asked.length - 1;
  return `${shortened(asSentence(description.trim()), room)} ${asked}`;
}

/** What the burden asks is kept whole: it is the builder's words that give way. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const cut = text.slice(0, longest - 1).toWellFormed();
  return `${cut.replace(/\s+\S*$/, '')}…`;
}
