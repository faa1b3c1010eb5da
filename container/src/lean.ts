/** Keeps Node from loading what nobody here uses. Imports nothing, since it must come before everything else. */

/**
 * An import of node:http reads all that it exports, and three of its exports load the client behind `fetch`, with TLS
 * and HTTP/2: 9 MB for as long as the process runs. Call this before the first module that imports node:http is
 * loaded; later it does nothing. `fetch` itself still works, and costs that memory when it is first called.
 */
export function leaveOutWebClients(): void {
  const http = process.getBuiltinModule('node:http');
  for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) Reflect.deleteProperty(http, name);
}
