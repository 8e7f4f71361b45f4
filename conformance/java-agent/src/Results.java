import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Results as the log takes them, without their number. */
final class Results {
    private Results() {}

    /** Of what was begun at that time; `about` names the operation, and brings its origin. */
    static Map<String, Object> of(Map<String, Object> about, String startedAt, Map<String, Object> fields) {
        Map<String, Object> result = Message.map("operation_id", about.get("operation_id"), "operation", about.get("operation"),
                "started_at", startedAt, "finished_at", Message.text(Instant.now()), "origin", about.get("origin"));
        result.putAll(fields);
        return result;
    }

    /** Of what was never begun. */
    static Map<String, Object> of(Waiting waiting, Map<String, Object> fields) {
        return of(waiting.about(), null, fields);
    }

    /** Rule 25. */
    static Map<String, Object> outOfStep(Object lastClose) {
        return Message.map("status", "FAILED", "reason", "out_of_step", "last_close", lastClose);
    }

    /** The same request has come as another operation: it gets the result that it had (rule 23). */
    static Map<String, Object> again(Map<String, Object> first, Waiting waiting) {
        Map<String, Object> again = new LinkedHashMap<>(first);
        again.remove("number");
        again.remove("origin");
        again.put("repeats", first.get("operation_id"));
        again.putAll(waiting.about());
        return again;
    }

    /** What nobody here asked for (rule 24). */
    static Map<String, Object> closedByHand(Reader.Batch batch) {
        return Message.map("operation_id", UUID.randomUUID().toString(), "operation", "end_of_day",
                "status", "COMPLETED", "by_hand", true, "finished_at", Message.text(batch.closedAt()),
                "result", Device.closeResult(batch, "unconfirmed"));
    }
}
