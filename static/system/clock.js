// Durations come from a clock that nobody can set; the wall's clock is for dates only.

/** The time in ms, comparable between pages of this browser; it only ever goes forward. */
export const now = () => performance.timeOrigin + performance.now();

/** Return how long ago that was by the same clock, in ms; an earlier page's may be ahead. @param {number} began */
export const since = (began, at = now()) => Math.max(0, at - began);
