/** Settings of servers in tests, which join and ask more in a minute than people do. */
export const noLimits = {
  JOINS_PER_MINUTE_PER_USER: '1000000',
  JOINS_PER_MINUTE_PER_ADDRESS: '1000000',
  REST_REQUESTS_PER_MINUTE: '1000000',
};
