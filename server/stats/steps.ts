/** What series are made of: samples as they came (1), and the rollups that are kept, by their length in seconds. */
export const resolutions = [1, 15, 60, 3600] as const;
export type Resolution = (typeof resolutions)[number];
