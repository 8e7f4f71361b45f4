/** Returns the result of a successful `end_of_day`. */
export function closedDay(operationId: unknown, batchId = "B1") {
  return {
    operation_id: operationId,
    operation: "end_of_day",
    status: "COMPLETED",
    finished_at: new Date().toISOString(),
    result: {
      outcome: "accepted",
      batch_id: batchId,
      start_of_day_at: "2026-11-20T06:00:00Z",
      last_end_of_day_at: "2026-11-19T20:00:00Z",
      purchases_count: 1,
      purchases_amount: 100,
      reversals_count: 0,
      reversals_amount: 0,
      sale_amount: 100,
      tip_amount: 0,
      currency: "NOK",
    },
  };
}
