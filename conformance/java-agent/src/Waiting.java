import java.time.Instant;
import java.util.Map;

/** What is not begun. The command is null where only its cancel has come. */
final class Waiting {
    final String id;
    final String operation;
    final Map<String, Object> origin;
    final String receivedAt = Message.text(Instant.now());
    final long cameNanos = System.nanoTime();
    Command command;
    boolean isCancelled;
    /** Since when it is held back for the server's time. */
    long heldSince;

    Waiting(String id, String operation, Map<String, Object> origin) {
        this.id = id;
        this.operation = operation;
        this.origin = origin;
    }

    /** What a result says of it. */
    Map<String, Object> about() {
        return Message.map("operation_id", id, "operation", operation, "origin", origin);
    }

    boolean isClose() {
        return operation.equals("end_of_day");
    }
}
