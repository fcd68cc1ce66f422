import { importTools } from '#toolcall/import/import-tools';
import type { ImportRequest } from '#toolcall/import/imported';
import { parentPort, workerData } from 'node:worker_threads';

// Reads one source in a thread of its own: whatever it is, it holds up nobody, and can be given up.
parentPort?.postMessage(importTools(workerData as ImportRequest));
