/** What installed modules and built output depend on besides the project's files. */
export const NODE = {
  version: process.version,
  modules: process.versions.modules,
  platform: process.platform,
  arch: process.arch,
};
