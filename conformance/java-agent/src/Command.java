import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/** What the server wants to be done. `previousClose` is null where it knows of none. */
record Command(
        String id, String operation, Map<String, Object> parameters, String whenBusy, Instant createdAt,
        Instant expiresAt, Instant sentAt, String previousClose, Map<String, Object> origin) {
    private static final Set<String> PARAMETERS = Set.of("operator_id");
    private static final Set<String> WHEN_BUSY = Set.of("fail", "wait");

    static Command in(Message message) {
        String operation = message.text("operation");
        boolean compares = operation.equals("end_of_day") && message.has("previous_close");
        return new Command(
                message.uuid("operation_id"), operation, message.object("parameters").fields(),
                message.has("when_busy") ? message.text("when_busy") : "fail", message.time("created_at"),
                message.time("expires_at"), message.time("sent_at"), compares ? message.uuid("previous_close") : null,
                message.has("origin") ? message.object("origin").fields() : null);
    }

    boolean isClose() {
        return operation.equals("end_of_day");
    }

    /** Rule 20: words that this version does not know. */
    boolean isStrange() {
        return !PARAMETERS.containsAll(parameters.keySet()) || !WHEN_BUSY.contains(whenBusy);
    }

    /** Equal for commands that came of one request; null for one that says nothing of it. */
    String request() {
        return origin != null && origin.get("request") instanceof String request ? request : null;
    }

    /** Rule 27: when waiting for a payment ends, early enough for the server to take the answer in time. */
    Instant latestStart() {
        Duration tenth = Duration.between(createdAt, expiresAt).dividedBy(10);
        Duration second = Duration.ofSeconds(1);
        return expiresAt.minus(tenth.compareTo(second) < 0 ? tenth : second);
    }
}
