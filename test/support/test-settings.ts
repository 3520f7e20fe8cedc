/** Settings of servers in tests, which join and ask more in a minute than people do. */
export const noLimits = {
  JOINS_PER_MINUTE_PER_USER: '1000000',
  JOINS_PER_MINUTE_PER_ADDRESS: '1000000',
  REST_REQUESTS_PER_MINUTE: '1000000',
  JOIN_TIMEOUT_MS: '3600000',
};

/** Those, and of servers in the test's own process: one worker, free ports, and patience on a busy machine. */
export const testSettings = {
  ...noLimits,
  WORKERS: '1',
  RTC_PORTS: '0',
  DATABASE_CONNECT_TIMEOUT_MS: '20000',
  DATABASE_STATEMENT_TIMEOUT_MS: '20000',
};
