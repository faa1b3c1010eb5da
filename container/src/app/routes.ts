/** Which process a path belongs to, and how processes find each other. Pure. */

/** Returns what belongs to the longest route that a path begins with, in whole segments; paths have no query. */
export function makeRouter<T>(
  routes: readonly (readonly [route: string, target: T])[],
): (path: string) => T | undefined {
  const sorted = routes
    .map(([route, target]) => ({ prefix: route.replace(/\/+$/, ''), target }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return (path) => sorted.find(({ prefix }) => isWithin(path, prefix))?.target;
}

/** `prefix` has no slash at its end; '' is the root. */
function isWithin(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (prefix === '' || path.length === prefix.length || path[prefix.length] === '/');
}

export interface Place {
  readonly name: string;
  readonly port: number;
}

/** `API_URL=http://127.0.0.1:4711` for each process but the one called `name`. */
export function siblingAddresses(places: readonly Place[], name: string): Record<string, string> {
  const siblings = places.filter((place) => place.name !== name);
  return Object.fromEntries(
    siblings.map((place) => [`${place.name.toUpperCase().replaceAll('-', '_')}_URL`, `http://127.0.0.1:${place.port}`]),
  );
}
