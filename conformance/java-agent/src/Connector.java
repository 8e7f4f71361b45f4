import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;

/**
 * Keeps a connection to the broker: names each connection, and connects again after pauses (section Connecting). For
 * the agent's thread.
 */
final class Connector implements MqttLink.Events {
    interface Events {
        void up(String session);

        void message(String channel, byte[] payload);

        void down();
    }

    private static final double FIRST_MS = 200;
    private static final double LONGEST_MS = 10_000;
    private static final Duration GOOD_LINK = Duration.ofSeconds(2);
    /** A connection that lived this long was not ended by a takeover of another device with this address. */
    private static final Duration STEADY_LINK = Duration.ofMinutes(2);
    private static final long GOODBYE_MS = 2_000;

    private final MqttLink.Login login;
    private final String prefix;
    private final Timers timers;
    private final Events events;
    private final String run = UUID.randomUUID().toString();
    private int connections;
    private String session;
    private MqttLink link;
    private boolean isUp;
    private long upAt;
    /**
     * Connections in a row that failed, and connections in a row that the broker closed without a DISCONNECT or a
     * refusal.
     */
    private int failures;
    private int closedInARow;
    private boolean isStopped;

    Connector(MqttLink.Login login, String address, Timers timers, Events events) {
        this.login = login;
        this.prefix = "tillkeeper/v1/" + address + "/";
        this.timers = timers;
        this.events = events;
    }

    void connect() {
        if (isStopped) return;
        session = run + "." + ++connections;
        link = new MqttLink(login, this);
        link.open(prefix + "+", prefix + "gone", bytes(Json.of("session", session)));
    }

    void send(String channel, Map<String, Object> message) {
        if (isUp) link.publish(prefix + channel, bytes(message));
    }

    /** To be called for each welcome: the broker works, so the next pause is short. */
    void proved() {
        failures = Math.min(failures, 2);
    }

    /** Sends goodbye, and connects no more. */
    void stop() {
        isStopped = true;
        if (isUp) send("goodbye", Json.of("session", session));
        isUp = false;
        if (link != null) link.disconnect(GOODBYE_MS);
    }

    @Override
    public void up(MqttLink from) {
        timers.soon(() -> {
            if (from != link || isStopped) return;
            isUp = true;
            upAt = System.nanoTime();
            events.up(session);
        });
    }

    @Override
    public void message(MqttLink from, String topic, byte[] payload) {
        timers.soon(() -> {
            if (from == link && !isStopped && topic.startsWith(prefix)) events.message(topic.substring(prefix.length()), payload);
        });
    }

    @Override
    public void down(MqttLink from, MqttLink.End end, Exception cause) {
        timers.soon(() -> {
            if (from != link || isStopped) return;
            if (end.refusedWith() != 0) System.err.println("The broker refused the connection: return code " + end.refusedWith());
            Duration lived = isUp ? Duration.ofNanos(System.nanoTime() - upAt) : Duration.ZERO;
            if (isUp) events.down();
            isUp = false;
            if (lived.compareTo(GOOD_LINK) >= 0) failures = 0;
            if (lived.compareTo(STEADY_LINK) >= 0) closedInARow = 0;
            else if (end.closedByBroker()) closedInARow++;
            timers.after(pauseMs(Math.max(failures, closedInARow - 1)), this::connect);
            failures++;
        });
    }

    private static long pauseMs(int doublings) {
        double longest = Math.min(FIRST_MS * Math.pow(2, doublings), LONGEST_MS);
        return (long) (longest * (1 - Math.random() / 2));
    }

    private static byte[] bytes(Map<String, Object> message) {
        return Json.write(message).getBytes(StandardCharsets.UTF_8);
    }
}
