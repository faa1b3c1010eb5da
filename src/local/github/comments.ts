/** Comments on pull requests, and reactions to them. */
import { invalid, missingField, notFound } from './errors.ts';
import { commentJson, issueJson, REACTIONS } from './pull-shapes.ts';
import { findPull } from './pulls.ts';
import type { Comment, Reaction } from './state.ts';
import type { World } from './world.ts';

/** GitHub's limit, in characters. */
const MAX_BODY = 65_536;

export function commentsOf(world: World, number: number): Comment[] {
  return world.state.comments.filter((comment) => comment.number === number);
}

export function findComment(world: World, id: number): Comment {
  const comment = world.state.comments.find((one) => one.id === id);
  if (comment === undefined) throw notFound();
  return comment;
}

function checkedBody(body: string | undefined): string {
  if (body === undefined || body.trim() === '') throw missingField('IssueComment', 'body');
  if (body.length > MAX_BODY) {
    throw invalid('IssueComment', 'body', `body is too long (maximum is ${MAX_BODY} characters)`);
  }
  return body;
}

function emitComment(world: World, comment: Comment, action: string, sender: string, extra: object = {}): void {
  const { site, state } = world;
  const issue = issueJson(site, state, findPull(world, comment.number));
  world.emit({
    event: 'issue_comment',
    action,
    sender,
    payload: { issue, comment: commentJson(site, comment), ...extra },
  });
}

export function createComment(world: World, number: number, text: string | undefined, author: string): Comment {
  const pull = findPull(world, number);
  const body = checkedBody(text);
  const at = world.stamp();
  const comment: Comment = { id: world.nextId(), number, author, body, createdAt: at, updatedAt: at, reactions: [] };
  world.state.comments.push(comment);
  pull.updatedAt = at;
  world.touch();
  emitComment(world, comment, 'created', author);
  return comment;
}

export function editComment(world: World, id: number, text: string | undefined, sender: string): Comment {
  const comment = findComment(world, id);
  const body = checkedBody(text);
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = world.stamp();
  findPull(world, comment.number).updatedAt = comment.updatedAt;
  world.touch();
  emitComment(world, comment, 'edited', sender, { changes: { body: { from } } });
  return comment;
}

export function deleteComment(world: World, id: number, sender: string): void {
  const comment = findComment(world, id);
  world.state.comments.splice(world.state.comments.indexOf(comment), 1);
  findPull(world, comment.number).updatedAt = world.stamp();
  world.touch();
  emitComment(world, comment, 'deleted', sender);
}

/** A person's second reaction of the same kind is the first one. */
export function react(world: World, id: number, content: string, user: string): { reaction: Reaction; made: boolean } {
  const comment = findComment(world, id);
  if (!REACTIONS.some((known) => known === content)) {
    throw invalid('Reaction', 'content', `content is "${content}", allowed are ${REACTIONS.join(', ')}`);
  }
  const same = comment.reactions.find((one) => one.content === content && one.user === user);
  if (same !== undefined) return { reaction: same, made: false };
  const reaction = { id: world.nextId(), content, user, createdAt: world.stamp() };
  comment.reactions.push(reaction);
  world.touch();
  return { reaction, made: true };
}
