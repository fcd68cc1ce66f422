import { readFileSync } from 'node:fs';

/** The text of a file that a variable names. @throws Error that names the variable, and why the file cannot be read */
export function readSetting(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new Error(`${variable} names a file that cannot be read (${code})`, { cause: error });
  }
}
