import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A command as it was received, or a cancellation whose command has not come. */
record Command(Map<String, Object> message, String id, String operation, Instant expiresAt) {
    /**
     * The operations of this device with their longest time in seconds. The hello names them, and the server sends no
     * others.
     */
    static final List<Object> ABILITIES = List.of(
            Json.of("operation", "open_menu", "max_seconds", 10),
            Json.of("operation", "check_update", "max_seconds", 10),
            Json.of("operation", "end_of_day", "max_seconds", 60));

    private static final List<String> WHEN_BUSY = List.of("fail", "wait");

    /** Reads a command; throws for a message that cannot be understood. */
    static Command read(Map<String, Object> message) {
        Command command = ofCancel(message);
        Json.object(message.get("parameters"));
        command.sentAt();
        return command;
    }

    static Command ofCancel(Map<String, Object> message) {
        String id = Json.string(message.get("operation_id"));
        return new Command(message, id, Json.string(message.get("operation")), time(message.get("expires_at")));
    }

    boolean isClose() {
        return operation.equals("end_of_day");
    }

    Instant sentAt() {
        return time(message.get("sent_at"));
    }

    /** The first part of the command that this agent does not know (rule 20); null when it knows all. */
    String unknownWord() {
        if (ABILITIES.stream().noneMatch(one -> operation.equals(Json.object(one).get("operation")))) return operation;
        for (String name : Json.object(message.get("parameters")).keySet())
            if (!name.equals("operator_id")) return name;
        Object whenBusy = message.get("when_busy");
        return whenBusy == null || WHEN_BUSY.contains(whenBusy) ? null : String.valueOf(whenBusy);
    }

    /** The request in `origin`, which is equal for all commands of one request (rule 23). Null without one. */
    String request() {
        return requestIn(message);
    }

    /** The request in the `origin` of a command or a log entry; null without one. */
    static String requestIn(Map<String, Object> message) {
        Object origin = message.get("origin");
        return origin instanceof Map && Json.object(origin).get("request") instanceof String request ? request : null;
    }

    boolean follows(String lastClose) {
        return Objects.equals(message.get("previous_close"), lastClose);
    }

    /** A log entry that answers this command. `more`: further names and values, in turn. */
    Map<String, Object> answered(String status, Object... more) {
        Map<String, Object> entry = Json.of("operation_id", id, "operation", operation, "status", status);
        entry.putAll(Json.of(more));
        entry.put("finished_at", ServerTime.ownTime());
        if (message.get("origin") != null) entry.put("origin", message.get("origin"));
        return entry;
    }

    private static Instant time(Object value) {
        return OffsetDateTime.parse(Json.string(value)).toInstant();
    }
}
