import java.util.Map;
import java.util.function.Supplier;

/**
 * Sends hello until a welcome answers it, and heartbeats from then on (rules 1 to 3, 37 to 39). For the agent's thread.
 */
final class HelloExchange {
    interface Out {
        void send(String channel, Map<String, Object> message);
    }

    private static final long FIRST_MS = 2_000;
    private static final long LONGEST_MS = 30_000;
    /** The least pause between two heartbeats, a second and a little more. */
    private static final long LEAST_MS = 1_050;
    private static final int USUAL_SECONDS = 30;

    private final Timers timers;
    private final Out out;
    private final Supplier<Map<String, Object>> hello;
    private final Supplier<Map<String, Object>> heartbeat;
    private Runnable repetition = () -> { };
    private Runnable nextBeat = () -> { };
    private boolean isAsking;
    private long lastBeat;
    private long everyMs;

    HelloExchange(Timers timers, Out out, Supplier<Map<String, Object>> hello, Supplier<Map<String, Object>> heartbeat) {
        this.timers = timers;
        this.out = out;
        this.hello = hello;
        this.heartbeat = heartbeat;
    }

    /** To be called when a connection is up. */
    void begin() {
        lastBeat = System.nanoTime() - LEAST_MS * 1_000_000;
        isAsking = true;
        sendHello(FIRST_MS);
    }

    /** Sends hello again, unless a hello waits for its welcome. To be called when the server's time is in doubt. */
    void askAgain() {
        if (isAsking) return;
        isAsking = true;
        sendHello(FIRST_MS);
    }

    void pause() {
        repetition.run();
        nextBeat.run();
        isAsking = false;
    }

    void welcomed(Object heartbeatSeconds) {
        repetition.run();
        isAsking = false;
        int seconds = heartbeatSeconds == null ? USUAL_SECONDS : Json.integer(heartbeatSeconds);
        everyMs = Math.max(LEAST_MS, seconds * 1000L);
        beatSoon();
    }

    /** Sends a heartbeat at once, but never two within a second. */
    private void beatSoon() {
        nextBeat.run();
        long sinceMs = (System.nanoTime() - lastBeat) / 1_000_000;
        nextBeat = timers.after(Math.max(0, LEAST_MS - sinceMs), this::beat);
    }

    private void beat() {
        lastBeat = System.nanoTime();
        out.send("heartbeat", heartbeat.get());
        nextBeat = timers.after(Math.max(LEAST_MS, (long) (everyMs * (0.9 + Math.random() / 20))), this::beat);
    }

    private void sendHello(long pauseMs) {
        repetition.run();
        out.send("hello", hello.get());
        repetition = timers.after(pauseMs, () -> sendHello(Math.min(2 * pauseMs, LONGEST_MS)));
    }
}
