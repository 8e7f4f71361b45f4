import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A device of level 2: takes the messages of the connection, and connects its parts. Everything runs on one thread.
 */
final class Agent implements Connector.Events {
    private static final String NAME = "tillkeeper-java-agent/1.0.0";

    private final Timers timers;
    private final Journal journal;
    private final Connector connector;
    private final ResultSender telling;
    private final HelloExchange greeting;
    private final Turns turns;
    private final ServerTime time = new ServerTime();
    private final CountDownLatch ended = new CountDownLatch(1);
    private String session;
    private long roundTripMs = -1;
    private boolean isStopping;
    private int exitCode;

    Agent(MqttLink.Login login, Journal journal, Reader reader) {
        this.timers = new Timers();
        this.journal = journal;
        this.connector = new Connector(login, journal.address(), timers, this);
        this.telling = new ResultSender(journal, timers, entry -> connector.send("result", entry));
        this.greeting = new HelloExchange(timers, connector::send, this::hello, this::heartbeat);
        this.turns = new Turns(timers, journal, reader, telling, time, connector::send, greeting::askAgain);
    }

    void start() {
        timers.soon(() -> {
            turns.settleInterrupted();
            turns.look();
            connector.connect();
        });
    }

    /** Begins nothing more, waits for the running operation, and sends goodbye (rule 36). */
    void stop() {
        timers.soon(() -> stop(0));
    }

    private void stop(int code) {
        if (isStopping) return;
        isStopping = true;
        exitCode = code;
        turns.stop(this::end);
    }

    int awaitEnd() throws InterruptedException {
        ended.await();
        return exitCode;
    }

    private void end() {
        greeting.pause();
        telling.pause();
        connector.stop();
        ended.countDown();
    }

    // Events of the connection

    @Override
    public void up(String newSession) {
        session = newSession;
        greeting.begin();
    }

    @Override
    public void down() {
        greeting.pause();
        telling.pause();
        time.linkLost();
    }

    @Override
    public void message(String channel, byte[] payload) {
        try {
            Map<String, Object> message = Json.parseObject(new String(payload, StandardCharsets.UTF_8));
            switch (channel) {
                case "welcome" -> welcomed(message);
                case "command" -> turns.commanded(Command.read(message));
                case "cancel" -> turns.cancelled(Command.ofCancel(message));
                case "receipt" -> receipt(message);
                case "memory" -> memoryReported(message);
                case "probe" -> connector.send("probe_answer", Json.of("probe_id", Json.string(message.get("probe_id"))));
                case "rejection" -> System.err.println("The server did not understand: " + Json.write(message));
                default -> { }
            }
        } catch (IllegalArgumentException | ArithmeticException | java.time.DateTimeException strange) {
            // Rule 35: a message that cannot be understood is ignored.
            System.err.println("Ignored a " + channel + " that cannot be understood: " + strange.getMessage());
        }
    }

    private Map<String, Object> hello() {
        turns.look();
        return Json.of(
                "protocol", 1, "agent", NAME, "sent_at", time.helloSent(), "session", session, "operations", turns.operations(),
                "abilities", Command.ABILITIES);
    }

    private Map<String, Object> heartbeat() {
        return Json.of(
                "session", session,
                "sent_at", ServerTime.ownTime(),
                "round_trip_ms", roundTripMs < 0 ? null : (int) Math.min(roundTripMs, 600_000),
                "memory", telling.memory(),
                "telemetry", Json.of("software_version", Turns.VERSION));
    }

    private void welcomed(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        Object heartbeatSeconds = message.get("heartbeat_seconds");
        if (heartbeatSeconds != null) Json.integer(heartbeatSeconds);
        long tookMs = time.welcomed(Json.string(message.get("hello_sent_at")), Json.string(message.get("server_time")));
        if (tookMs < 0) return;
        roundTripMs = tookMs;
        connector.proved();
        if (endsAsOldCopy(memory)) return;
        telling.goOn(memory);
        greeting.welcomed(heartbeatSeconds);
        turns.compared();
    }

    private void receipt(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        String id = Json.string(message.get("operation_id"));
        // Before the welcome of a connection, nothing about the log is taken.
        if (telling.memory() == null || endsAsOldCopy(memory)) return;
        telling.receipt(id, message.get("status") != null, memory);
    }

    private void memoryReported(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        if (telling.memory() != null && !endsAsOldCopy(memory)) telling.goOn(memory);
    }

    private static Map<String, Object> memoryIn(Map<String, Object> message) {
        Map<String, Object> memory = Json.object(message.get("memory"));
        Object id = memory.get("id");
        return Json.of("number", Json.integer(memory.get("number")), "id", id == null ? null : Json.string(id));
    }

    /**
     * Rule 6: ends the agent if the journal is an old copy. A device with a password cannot ask for another address.
     */
    private boolean endsAsOldCopy(Map<String, Object> memory) {
        if (!journal.contradicts((int) memory.get("number"), (String) memory.get("id"))) return false;
        System.err.println("The journal is an old copy: this device needs another password.");
        greeting.pause();
        telling.pause();
        connector.stop();
        stop(Main.NEEDS_PASSWORD);
        return true;
    }
}
