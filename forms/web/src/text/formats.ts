/** How numbers, dates and times are written: with this catalogue, the one place that a translation changes. */
export const LANGUAGE = "en";

/** The day before the month, and 24 hours. */
export const DATES = "en-GB";

/** A number as people read it: "12,000". */
export const figure = (value: number) => value.toLocaleString(LANGUAGE);
