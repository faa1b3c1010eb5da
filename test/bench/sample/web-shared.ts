/** The front end besides its features: entry, routes, shared components, hooks, settings. */
import { FEATURES, pascal } from './words.ts';

const PANELS = 36;
const HOOKS = ['title', 'interval', 'previous', 'toggle', 'debounced', 'online', 'width', 'storage', 'focus', 'latest'];
const PAGES = ['list', 'detail', 'edit'];
export const PICTURES = 24;

export function sharedFiles(): Readonly<Record<string, string>> {
  return {
    ...SETTINGS,
    ...Object.fromEntries(
      Array.from({ length: PANELS }, (_, index) => [`src/components/panel-${index + 1}.tsx`, panel(index)]),
    ),
    ...Object.fromEntries(HOOKS.map((name, index) => [`src/hooks/use-${name}.ts`, hook(name, index)])),
    'src/lib/http.ts': HTTP,
    'src/lib/numbers.ts': NUMBERS,
    'src/lib/text.ts': TEXT,
    'src/main.tsx': MAIN,
    'src/app.tsx': APP,
    'src/routes.tsx': routes(),
    'src/theme.ts': THEME,
    'src/pictures.ts': pictures(),
    'src/banner.ts': banner('the first text'),
  };
}

/** The text that a push changes; the start page shows it. */
export function banner(text: string): string {
  return `export const BANNER = '${text}';\n`;
}

const SETTINGS: Readonly<Record<string, string>> = {
  'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Harbour desk</title>
  </head>
  <body>
    <div id="root"></div>
    <script type="module" src="/src/main.tsx"></script>
  </body>
</html>
`,
  'vite.config.ts': `import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': 'http://127.0.0.1:3100' } },
});
`,
  'tsconfig.json': `${JSON.stringify(
    {
      compilerOptions: {
        target: 'es2022',
        lib: ['es2023', 'dom', 'dom.iterable'],
        module: 'esnext',
        moduleResolution: 'bundler',
        jsx: 'react-jsx',
        types: ['vite/client'],
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
      },
      include: ['src'],
    },
    undefined,
    2,
  )}\n`,
  '.gitignore': 'node_modules\ndist\n',
  'README.md': '# Harbour desk\n\nThe desk of a harbour: berths, vessels, pilots and what they cost.\n',
};

const MAIN = `import { StrictMode } from 'react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { CssBaseline, ThemeProvider } from '@mui/material';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router-dom';
import { App } from './app.tsx';
import { theme } from './theme.ts';

const client = new QueryClient({ defaultOptions: { queries: { retry: 1 } } });

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <ThemeProvider theme={theme}>
        <CssBaseline />
        <BrowserRouter>
          <App />
        </BrowserRouter>
      </ThemeProvider>
    </QueryClientProvider>
  </StrictMode>,
);
`;

const APP = `import { Suspense } from 'react';
import MenuIcon from '@mui/icons-material/Menu';
import { AppBar, Box, Container, Drawer, IconButton, LinearProgress, List, ListItemButton, Toolbar, Typography } from '@mui/material';
import { Link, Route, Routes } from 'react-router-dom';
import { BANNER } from './banner.ts';
import { useToggle } from './hooks/use-toggle.ts';
import { PICTURES } from './pictures.ts';
import { ROUTES } from './routes.tsx';

export function App() {
  const [open, toggle] = useToggle();
  return (
    <Box>
      <AppBar position="static">
        <Toolbar>
          <IconButton onClick={toggle} aria-label="menu">
            <MenuIcon />
          </IconButton>
          <Typography variant="h6" id="banner">
            {BANNER}
          </Typography>
        </Toolbar>
      </AppBar>
      <Drawer open={open} onClose={toggle}>
        <List>
          {ROUTES.map(({ path, name }) => (
            <ListItemButton key={path} component={Link} to={path}>
              {name}
            </ListItemButton>
          ))}
        </List>
      </Drawer>
      <Container>
        <Suspense fallback={<LinearProgress />}>
          <Routes>
            {ROUTES.map(({ path, Page }) => (
              <Route key={path} path={path} element={<Page />} />
            ))}
            <Route path="/" element={<img src={PICTURES[0]} alt="" />} />
          </Routes>
        </Suspense>
      </Container>
    </Box>
  );
}
`;

const THEME = `import { createTheme } from '@mui/material';

export const theme = createTheme({
  palette: { primary: { main: '#0b4f6c' }, secondary: { main: '#f4a259' } },
  shape: { borderRadius: 6 },
});
`;

const HTTP = `export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, signal ? { signal } : {});
  if (!response.ok) throw new Error(\`\${path} answered \${response.status}\`);
  return (await response.json()) as T;
}

export async function sendJson<T>(method: string, path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(\`\${path} answered \${response.status}\`);
  return (await response.json()) as T;
}
`;

const NUMBERS = `const FORMAT = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

export function formatNumber(value: number): string {
  return FORMAT.format(value);
}
`;

const TEXT = `export function includesText(value: string, wanted: string): boolean {
  return value.toLocaleLowerCase('en').includes(wanted.trim().toLocaleLowerCase('en'));
}
`;

function routes(): string {
  const entries = FEATURES.flatMap((word) =>
    PAGES.map(
      (page) =>
        `  { path: '/${word}/${page}', name: '${pascal(word)}, ${page}', Page: lazy(() => import('./features/${word}/pages/${page}.tsx')) },`,
    ),
  );
  return `import { lazy } from 'react';\n\nexport const ROUTES = [\n${entries.join('\n')}\n];\n`;
}

function pictures(): string {
  const names = Array.from({ length: PICTURES }, (_, index) => index + 1);
  const imports = names.map((name) => `import picture${name} from './assets/picture-${name}.png';`);
  return `${imports.join('\n')}\n\nexport const PICTURES = [${names.map((name) => `picture${name}`).join(', ')}];\n`;
}

const panel = (index: number): string => `import type { ReactNode } from 'react';
import { Box, Paper, Typography } from '@mui/material';

export interface PanelProps {
  readonly title: string;
  readonly tone: 'loud' | 'quiet';
  readonly children: ReactNode;
}

const WIDTH = ${200 + ((index * 37) % 400)};

export function Panel({ title, tone, children }: PanelProps) {
  return (
    <Paper elevation={${index % 5}} sx={{ p: ${1 + (index % 3)}, minWidth: WIDTH, borderLeft: tone === 'loud' ? 4 : ${index % 2} }}>
      <Typography variant="${['h6', 'subtitle1', 'subtitle2', 'overline'][index % 4] ?? 'h6'}" gutterBottom>
        {title}
      </Typography>
      <Box sx={{ display: 'grid', gap: ${1 + (index % 4)} }}>{children}</Box>
    </Paper>
  );
}
`;

function hook(name: string, index: number): string {
  if (name === 'title') {
    return `import { useEffect } from 'react';

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = \`\${title} - Harbour desk\`;
  }, [title]);
}
`;
  }
  return `import { useCallback, useState } from 'react';

/** How often it changed is of use in ${name}. */
export function use${pascal(name)}(initial = ${index % 2 === 0 ? 'true' : 'false'}): readonly [boolean, () => void, number] {
  const [state, setState] = useState({ value: initial, changes: ${index} });
  const change = useCallback(() => setState(({ value, changes }) => ({ value: !value, changes: changes + 1 })), []);
  return [state.value, change, state.changes];
}
`;
}
