/** The environment of this process, but for what tap has each program of Node.js load, which then starts a second later. */
export const environment: NodeJS.ProcessEnv = { ...process.env };
delete environment['NODE_OPTIONS'];
