/** The sample's server: express, one router, service and model for each feature; it serves the built front end too. */
import { AMOUNTS, FEATURES, FIELDS, type Feature, pascal } from './words.ts';

export function serverFiles(): Readonly<Record<string, string>> {
  return {
    'server/tsconfig.json': TSCONFIG,
    'server/.gitignore': 'node_modules\ndist\n',
    'server/src/index.ts': INDEX,
    'server/src/app.ts': app(),
    'server/src/log.ts': LOG,
    'server/src/errors.ts': ERRORS,
    'server/src/banner.ts': serverBanner('the first text'),
    ...Object.fromEntries(FEATURES.flatMap((feature, index) => featureFiles(feature, index))),
  };
}

/** The text that a push of a change to the server changes; `/api/banner` answers it. */
export function serverBanner(text: string): string {
  return `export const BANNER: string = '${text}';\n`;
}

function featureFiles(feature: Feature, index: number): [string, string][] {
  const field = FIELDS[index % FIELDS.length] ?? 'label';
  const amount = AMOUNTS[index % AMOUNTS.length] ?? 'fee';
  return [
    [`server/src/models/${feature}.ts`, model(pascal(feature), field, amount)],
    [`server/src/services/${feature}.ts`, service(feature, pascal(feature), field, amount)],
    [`server/src/routes/${feature}.ts`, router(feature, pascal(feature))],
  ];
}

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2023',
      module: 'nodenext',
      rootDir: 'src',
      outDir: 'dist',
      types: ['node'],
      strict: true,
      sourceMap: true,
      skipLibCheck: true,
    },
    include: ['src'],
  },
  undefined,
  2,
)}\n`;

const INDEX = `import { createApp } from './app.js';
import { log } from './log.js';

const port = Number(process.env['PORT'] ?? 3100);
const server = createApp().listen(port, process.env['HOST'] ?? '127.0.0.1', () => log.info({ port }, 'listening'));
process.on('SIGTERM', () => server.close());
`;

function app(): string {
  const imports = FEATURES.map((word) => `import { ${word}Router } from './routes/${word}.js';`);
  const uses = FEATURES.map((word) => `  app.use('/api/${word}', ${word}Router());`);
  return `import { existsSync } from 'node:fs';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express } from 'express';
import { BANNER } from './banner.js';
import { answerError } from './errors.js';
${imports.join('\n')}

/** Beside the server when the two were put together, otherwise where the front end's build leaves it. */
const PUBLIC = [join(import.meta.dirname, '../public'), join(import.meta.dirname, '../../dist')].find(existsSync);

export function createApp(): Express {
  const app = express();
  app.use(compression());
  app.use(express.json({ limit: '1mb' }));
  app.get('/healthz', (_request, response) => void response.send('ok'));
  app.get('/api/banner', (_request, response) => void response.send(BANNER));
${uses.join('\n')}
  if (PUBLIC !== undefined) {
    const folder = PUBLIC;
    app.use(express.static(folder));
    app.get('/{*page}', (_request, response) => response.sendFile(join(folder, 'index.html')));
  }
  app.use(answerError);
  return app;
}
`;
}

const LOG = `import { pino } from 'pino';

export const log = pino({ level: process.env['LOG_LEVEL'] ?? 'info' });
`;

const ERRORS = `import type { NextFunction, Request, Response } from 'express';
import { ZodError } from 'zod';
import { log } from './log.js';

export class NotFound extends Error {}

export function answerError(error: unknown, _request: Request, response: Response, _next: NextFunction): void {
  if (error instanceof ZodError) {
    response.status(400).json({ error: 'invalid', issues: error.issues });
  } else if (error instanceof NotFound) {
    response.status(404).json({ error: error.message });
  } else {
    log.error(error);
    response.status(500).json({ error: 'internal' });
  }
}
`;

const model = (type: string, field: string, amount: string): string => `import { z } from 'zod';

export const ${type}Draft = z.object({
  ${field}: z.string().min(1).max(80),
  note: z.string().max(400).default(''),
  ${amount}: z.number().nonnegative(),
});

export const ${type} = ${type}Draft.extend({
  id: z.uuid(),
  state: z.enum(['open', 'planned', 'closed']),
  updatedAt: z.iso.datetime(),
});

export type ${type}Draft = z.infer<typeof ${type}Draft>;
export type ${type} = z.infer<typeof ${type}>;
`;

const service = (
  word: string,
  type: string,
  field: string,
  amount: string,
): string => `import { randomUUID } from 'node:crypto';
import { NotFound } from '../errors.js';
import { ${type}, type ${type}Draft } from '../models/${word}.js';

export interface ${type}Service {
  list(): readonly ${type}[];
  find(id: string): ${type};
  save(id: string | undefined, draft: ${type}Draft): ${type};
  remove(id: string): void;
  total(): { readonly count: number; readonly ${amount}: number };
}

export function make${type}Service(): ${type}Service {
  const items = new Map<string, ${type}>();
  const find = (id: string): ${type} => {
    const item = items.get(id);
    if (!item) throw new NotFound(\`there is no ${word} \${id}\`);
    return item;
  };
  return {
    list: () => [...items.values()].sort((a, b) => a.${field}.localeCompare(b.${field})),
    find,
    save(id, draft) {
      const known = id === undefined ? undefined : find(id);
      const item = ${type}.parse({
        state: 'open',
        ...known,
        ...draft,
        id: known?.id ?? randomUUID(),
        updatedAt: new Date().toISOString(),
      });
      items.set(item.id, item);
      return item;
    },
    remove(id) {
      items.delete(find(id).id);
    },
    total() {
      const values = [...items.values()].map(({ ${amount} }) => ${amount});
      return { count: values.length, ${amount}: values.reduce((sum, value) => sum + value, 0) };
    },
  };
}
`;

const router = (word: string, type: string): string => `import { Router } from 'express';
import { ${type}Draft } from '../models/${word}.js';
import { make${type}Service } from '../services/${word}.js';

export function ${word}Router(): Router {
  const router = Router();
  const service = make${type}Service();
  router.get('/', (_request, response) => void response.json(service.list()));
  router.get('/total', (_request, response) => void response.json(service.total()));
  router.get('/:id', (request, response) => void response.json(service.find(request.params.id)));
  router.post('/', (request, response) => {
    response.status(201).json(service.save(undefined, ${type}Draft.parse(request.body)));
  });
  router.put('/:id', (request, response) => {
    response.json(service.save(request.params.id, ${type}Draft.parse(request.body)));
  });
  router.delete('/:id', (request, response) => {
    service.remove(request.params.id);
    response.status(204).end();
  });
  return router;
}
`;
