/** Files that speak of directories, but that no build reads, as pathspecs of git. */
const FILES = `
  *.md LICENSE* .gitignore .gitattributes .dockerignore .prettierignore .eslintignore
  package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock .mayfly.yml
  Dockerfile* docker-compose* compose.y*ml .gitlab-ci.yml Makefile renovate.json
  .eslintrc* eslint.config.* .prettierrc* prettier.config.* biome.json*
  vitest.config.* jest.config.* playwright.config.* cypress.config.*
`;
const DIRECTORIES = '.github .circleci .vscode .idea .husky node_modules';

export const UNREAD: readonly string[] = [
  ...FILES.trim()
    .split(/\s+/)
    .map((name) => `:(exclude,glob)**/${name}`),
  ...DIRECTORIES.split(' ').map((name) => `:(exclude,glob)**/${name}/**`),
];
