/** Name of the graphile-worker task that `dispatch` compares with. */
export const queueTask = "open_menu";
