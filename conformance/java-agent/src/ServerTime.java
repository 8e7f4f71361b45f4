import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;

/** An estimate of the server's time that is never behind it (rules 32 to 34). */
final class ServerTime {
    private static final Duration WELCOME_LASTS = Duration.ofHours(1);
    private static final Duration DRIFT = Duration.ofSeconds(1);

    private record Moment(Instant wall, long nanos) {
        static Moment now() {
            return new Moment(Instant.now(), System.nanoTime());
        }

        Duration elapsed() {
            return Duration.ofNanos(System.nanoTime() - nanos);
        }
    }

    private final Map<String, Moment> hellos = new HashMap<>();
    private Instant serverTime;
    private Moment helloSent;

    static String ownTime() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    /** Records that a hello is sent now, and returns its `sent_at`. */
    String helloSent() {
        Moment now = Moment.now();
        String sentAt = ownTime();
        hellos.put(sentAt, now);
        return sentAt;
    }

    void linkLost() {
        hellos.clear();
    }

    /**
     * Takes a welcome, and returns the milliseconds since its hello; negative when it answers no hello of this
     * connection.
     */
    long welcomed(String helloSentAt, String time) {
        Moment sent = hellos.get(helloSentAt);
        if (sent == null) return -1;
        serverTime = OffsetDateTime.parse(time).toInstant();
        helloSent = sent;
        hellos.clear();
        return sent.elapsed().toMillis();
    }

    /** Whether the last welcome is under an hour old, and the device has not slept since. */
    boolean isTrusted() {
        if (helloSent == null || helloSent.elapsed().compareTo(WELCOME_LASTS) > 0) return false;
        Duration byWall = Duration.between(helloSent.wall(), Instant.now());
        return byWall.minus(helloSent.elapsed()).abs().compareTo(DRIFT) <= 0;
    }

    /** The server's time for a command with that `sent_at` that arrived `here` ago. */
    Instant now(Instant sentAt, Duration here) {
        Instant estimated = helloSent == null ? Instant.MIN : serverTime.plus(helloSent.elapsed());
        if (isTrusted()) return estimated;
        return later(estimated, later(Instant.now(), sentAt.plus(here)));
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
