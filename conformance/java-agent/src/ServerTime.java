import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** The server's time, estimated so that it is never behind (rules 32 to 34). Elapsed time comes from the monotonic clock. */
final class ServerTime {
    private static final Duration MOST_DRIFT = Duration.ofSeconds(1);
    private static final Duration OLDEST = Duration.ofHours(1);

    /** When each hello of this connection was sent, by what it says in `sent_at`. */
    private final Map<String, Long> hellos = new HashMap<>();
    private Instant serverThen;
    private Instant wallThen;
    private long nanosThen;
    private long roundTripMs;

    void connected() {
        hellos.clear();
    }

    /** Notes that a hello is about to be sent; answers what it says in `sent_at`. */
    String helloSent() {
        String sentAt = Message.text(Instant.now());
        hellos.put(sentAt, System.nanoTime());
        return sentAt;
    }

    /** False for the answer to no hello of this connection. */
    boolean welcomed(String helloSentAt, Instant serverTime) {
        Long sent = hellos.get(helloSentAt);
        if (sent == null) return false;
        serverThen = serverTime;
        nanosThen = sent;
        Duration since = Duration.ofNanos(System.nanoTime() - sent);
        roundTripMs = since.toMillis();
        wallThen = Instant.now().minus(since);
        return true;
    }

    long roundTripMs() {
        return roundTripMs;
    }

    /** Whether the last welcome is young, and the device has not slept since. */
    boolean isTrusted() {
        if (serverThen == null) return false;
        Duration elapsed = elapsed(nanosThen);
        Duration drift = Duration.between(wallThen.plus(elapsed), Instant.now()).abs();
        return elapsed.compareTo(OLDEST) < 0 && drift.compareTo(MOST_DRIFT) <= 0;
    }

    /** For a command that came at `cameNanos`: while the estimate is not trusted the latest of all that is known. */
    Instant now(Command command, long cameNanos) {
        Instant estimate = serverThen == null ? Instant.MIN : serverThen.plus(elapsed(nanosThen));
        if (isTrusted()) return estimate;
        return latest(estimate, latest(Instant.now(), command.sentAt().plus(elapsed(cameNanos))));
    }

    private static Duration elapsed(long sinceNanos) {
        return Duration.ofNanos(System.nanoTime() - sinceNanos);
    }

    private static Instant latest(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
