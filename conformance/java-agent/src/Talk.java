import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Hello, heartbeats, and the telling of the log (rules 1 to 15 and 37 to 39). It tells one entry at a time, and the next when the
 * server holds it. All of it runs on the thread of {@link Turns}.
 */
final class Talk {
    interface Line {
        void send(String channel, Map<String, Object> message);
    }

    private static final String AGENT = "java-agent/" + Device.VERSION;
    private static final long FIRST_MS = 2_000;
    private static final long LONGEST_MS = 30_000;
    private static final long BETWEEN_HEARTBEATS_MS = 1_100;
    private static final int HEARTBEAT_SECONDS = 30;

    /** A result that the journal could not take, and what it would have changed in it. */
    private record Unwritten(List<Map<String, Object>> results, String batch) {}

    final ServerTime time = new ServerTime();
    private final Journal journal;
    private final Turns turns;
    private final Line line;
    /** Called when the server has shown that the journal is an old copy. */
    private final Runnable oldCopy;
    private final List<Unwritten> unwritten = new ArrayList<>();
    private Rules rules;
    /** Of the connection; null while there is none. */
    private String session;
    private boolean isWelcomed;
    private volatile boolean wasWelcomed;
    private boolean isCompared;
    private boolean isQuiet;
    /** How far the server said last that it holds the log; null before it has. */
    private Memory held;
    private int lastTold;
    private int heartbeatSeconds = HEARTBEAT_SECONDS;
    private long lastHeartbeatNanos;
    private String storageFault;
    private ScheduledFuture<?> nextHello;
    private ScheduledFuture<?> nextTelling;
    private ScheduledFuture<?> nextHeartbeat;

    Talk(Journal journal, Turns turns, Line line, Runnable oldCopy) {
        this.journal = journal;
        this.turns = turns;
        this.line = line;
        this.oldCopy = oldCopy;
    }

    void start(Rules of) {
        rules = of;
    }

    /** Whether the memory of a welcome to a hello of this run was compared (rule 6). */
    boolean isCompared() {
        return isCompared;
    }

    /** Whether the link that there is, or was last, brought a welcome. */
    boolean wasWelcomed() {
        return wasWelcomed;
    }

    void connected(String name) {
        session = name;
        wasWelcomed = false;
        time.connected();
        hello(FIRST_MS);
    }

    void disconnected() {
        session = null;
        isWelcomed = false;
        stopTimers();
    }

    /** Says nothing more of its own accord. */
    void quiet() {
        isQuiet = true;
        stopTimers();
    }

    void say(String channel, Map<String, Object> message) {
        if (session != null && !isQuiet) line.send(channel, message);
    }

    /** The time is in doubt; a hello that waits for its welcome will do as well. */
    void sayHelloAgain() {
        if (isWelcomed) hello(FIRST_MS);
    }

    void welcome(Message message) {
        Memory memory = Memory.in(message);
        if (!time.welcomed(message.text("hello_sent_at"), message.time("server_time"))) return;
        cancel(nextHello);
        if (isOldCopy(memory)) return;
        isWelcomed = true;
        wasWelcomed = true;
        isCompared = true;
        heartbeatSeconds = message.has("heartbeat_seconds") ? message.integer("heartbeat_seconds") : HEARTBEAT_SECONDS;
        hold(memory);
        heartbeatSoon();
        rules.advance();
    }

    void receipt(Message message) {
        Memory memory = Memory.in(message);
        String id = message.uuid("operation_id");
        if (message.has("status")) message.text("status");
        if (!isWelcomed || isOldCopy(memory)) return;
        if (message.has("status")) unwritten.removeIf(one -> one.results.get(0).get("operation_id").equals(id));
        hold(memory);
    }

    void memory(Message message) {
        Memory memory = Memory.in(message);
        if (isWelcomed && !isOldCopy(memory)) hold(memory);
    }

    /** The journal has more to tell. */
    void added() {
        if (storageFault != null) {
            storageFault = null;
            heartbeatSoon();
        }
        if (nextTelling == null || nextTelling.isDone()) tell(FIRST_MS);
    }

    /** An operation that is answered is asked for again: it is told, unless its turn is still to come (rule 17). */
    void repeat(Map<String, Object> entry) {
        int number = Journal.number(entry);
        if (held != null && number <= Math.max(held.number(), lastTold)) say("result", journal.told(entry));
    }

    void storageFailed(IOException cause) {
        if (storageFault == null) {
            Log.line("the journal cannot be written: " + cause);
            storageFault = cause.toString();
            heartbeatSoon();
        }
    }

    /** What the journal cannot take is told without a number, as FAILED (rule 14). */
    void unwritten(List<Map<String, Object>> results, String batch) {
        List<Map<String, Object>> failed = new ArrayList<>();
        for (Map<String, Object> result : results) failed.add(notStored(result));
        unwritten.add(new Unwritten(failed, batch));
        if (nextTelling == null || nextTelling.isDone()) tell(FIRST_MS);
    }

    boolean isUnwritten(String id) {
        return unwritten.stream().anyMatch(one -> one.results.stream().anyMatch(result -> result.get("operation_id").equals(id)));
    }

    private static Map<String, Object> notStored(Map<String, Object> result) {
        boolean mayHaveClosed = Journal.isClose(result);
        Map<String, Object> failed = new LinkedHashMap<>(result);
        failed.keySet().removeAll(List.of("result", "error", "last_close", "repeats"));
        failed.put("status", "FAILED");
        failed.put("reason", "storage_failed");
        if (mayHaveClosed) failed.put("unknown_end", true);
        return failed;
    }

    private void hello(long pauseMs) {
        cancel(nextHello);
        if (session == null || isQuiet) return;
        rules.askReader();
        say("hello", Message.map("protocol", 1, "agent", AGENT, "sent_at", time.helloSent(), "session", session,
                "operations", rules.operations(), "abilities", Device.ABILITIES));
        nextHello = turns.later(varied(pauseMs), () -> hello(Math.min(2 * pauseMs, LONGEST_MS)));
    }

    /** Rule 6. */
    private boolean isOldCopy(Memory memory) {
        if (!isQuiet && journal.contradicts(memory)) {
            quiet();
            oldCopy.run();
        }
        return isQuiet;
    }

    /** The server holds so much: the telling goes on with what comes after it (rule 10). */
    private void hold(Memory memory) {
        held = memory;
        journal.held(memory.number());
        cancel(nextTelling);
        tell(FIRST_MS);
    }

    private void tell(long pauseMs) {
        if (!isWelcomed || isQuiet) return;
        writeAgain();
        Map<String, Object> next = journal.after(held.number());
        if (next == null && unwritten.isEmpty()) return;
        if (next != null) {
            lastTold = Journal.number(next);
            say("result", journal.told(next));
        }
        for (Unwritten one : unwritten) for (Map<String, Object> result : one.results) say("result", result);
        nextTelling = turns.later(varied(pauseMs), () -> tell(Math.min(2 * pauseMs, LONGEST_MS)));
    }

    /** What the journal can take by now gets its number. */
    private void writeAgain() {
        while (!unwritten.isEmpty()) {
            Unwritten first = unwritten.get(0);
            try {
                journal.add(first.results, first.batch);
            } catch (IOException cause) {
                return;
            }
            unwritten.remove(0);
            storageFault = null;
            heartbeatSoon();
        }
    }

    private void heartbeatSoon() {
        if (!isWelcomed || isQuiet) return;
        long sinceMs = (System.nanoTime() - lastHeartbeatNanos) / 1_000_000;
        cancel(nextHeartbeat);
        if (lastHeartbeatNanos == 0 || sinceMs >= BETWEEN_HEARTBEATS_MS) heartbeat();
        else nextHeartbeat = turns.later(BETWEEN_HEARTBEATS_MS - sinceMs, this::heartbeat);
    }

    private void heartbeat() {
        if (!isWelcomed || isQuiet) return;
        lastHeartbeatNanos = System.nanoTime();
        Map<String, Object> fault = storageFault == null ? null : Message.map("code", "storage_failed", "message", storageFault);
        say("heartbeat", Message.map("session", session, "sent_at", Message.text(Instant.now()), "round_trip_ms", time.roundTripMs(),
                "memory", Message.map("number", held.number(), "id", held.id()),
                "telemetry", Message.map("software_version", Device.VERSION), "fault", fault));
        long pauseMs = 1_000L * heartbeatSeconds - ThreadLocalRandom.current().nextLong(50 * heartbeatSeconds);
        nextHeartbeat = turns.later(Math.max(BETWEEN_HEARTBEATS_MS, pauseMs), this::heartbeat);
    }

    /** With some chance in it, so that a fleet does not speak in step. */
    private static long varied(long ms) {
        return ms - ThreadLocalRandom.current().nextLong(ms / 4);
    }

    private void stopTimers() {
        cancel(nextHello);
        cancel(nextTelling);
        cancel(nextHeartbeat);
    }

    private static void cancel(ScheduledFuture<?> timer) {
        if (timer != null) timer.cancel(false);
    }
}
