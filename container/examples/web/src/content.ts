/** What the page says. */
export const content = {
  greeting: 'Hello from main',
  lead: 'The tide tables of a small harbour, and the branch that they were built from.',
};
