/** Loaded before a child's own program (`--import`): the child ends like by SIGTERM when the process that forked it is gone. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Waiting for that alone keeps no process alive.
process.channel?.unref();
