/** The one kind of job that the yardstick of `dispatch` runs. */
export const queueTask = "open_menu";
