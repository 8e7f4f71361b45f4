import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;

/**
 * A device of level 2: takes commands, begins one at a time, and tells what came of them. The numbers in the comments are the rules of
 * docs/device-protocol.md. All of it happens on one thread; only the operation itself has one of its own.
 */
final class Agent implements Connector.Events {
    private static final String NAME = "tillkeeper-java-agent/1.0.0";
    private static final String VERSION = "1.0.0";
    private static final int MOST_NAMED = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long LOOK_MS = 60_000;

    /** Waits for its turn. A close that was cancelled waits, too, perhaps without its command: rule 29. */
    private static final class Waiting {
        Command command;
        boolean isCancelled;
        final String receivedAt = ServerTime.ownTime();
        final long since = System.nanoTime();

        Duration here() {
            return Duration.ofNanos(System.nanoTime() - since);
        }
    }

    private final Timers timers;
    private final Journal journal;
    private final Reader reader;
    private final Connector connector;
    private final Telling telling;
    private final Greeting greeting;
    private final ServerTime time = new ServerTime();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Map<String, Waiting> waiting = new LinkedHashMap<>();
    /** Of closes whose command has not come. */
    private final Map<String, Command> cancels = new LinkedHashMap<>();
    private Work running;
    private Runnable nextLook = () -> { };
    private String session;
    private long roundTripMs = -1;
    /** Rule 6: a welcome of this run was compared with the journal. */
    private boolean isCompared;
    private boolean isStopping;
    private int exitCode;

    Agent(MqttLink.Login login, Journal journal, Reader reader) {
        this.timers = new Timers();
        this.journal = journal;
        this.reader = reader;
        this.connector = new Connector(login, journal.address(), timers, this);
        this.telling = new Telling(journal, timers, entry -> connector.send("result", entry));
        this.greeting = new Greeting(timers, connector::send, this::hello, this::heartbeat);
    }

    void start() {
        timers.soon(() -> {
            settleInterrupted();
            look();
            connector.connect();
        });
    }

    /** Begins nothing more, brings to its end what runs, and says goodbye (rule 36). */
    void stop(int code) {
        timers.soon(() -> {
            if (isStopping) return;
            isStopping = true;
            exitCode = code;
            if (running == null) end();
        });
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

    // What the link says

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
                case "command" -> commanded(Command.read(message));
                case "cancel" -> cancelled(Command.ofCancel(message));
                case "receipt" -> receipt(message);
                case "memory" -> remembered(message);
                case "probe" -> connector.send("probe_answer", Json.of("probe_id", Json.string(message.get("probe_id"))));
                case "rejection" -> System.err.println("The server did not understand: " + Json.write(message));
                default -> { }
            }
        } catch (IllegalArgumentException | ArithmeticException | java.time.DateTimeException strange) {
            // Rule 35.
            System.err.println("Ignored a " + channel + " that cannot be understood: " + strange.getMessage());
        }
    }

    private Map<String, Object> hello() {
        look();
        List<Object> operations = new ArrayList<>();
        if (running != null) operations.add(Json.of("operation_id", running.command.id(), "phase", "started"));
        List<String> ids = new ArrayList<>(waiting.keySet());
        for (int i = ids.size() - 1; i >= 0 && operations.size() < MOST_NAMED; i--)
            if (waiting.get(ids.get(i)).command != null) operations.add(Json.of("operation_id", ids.get(i), "phase", "delivered"));
        return Json.of(
                "protocol", 1, "agent", NAME, "sent_at", time.helloSent(), "session", session, "operations", operations);
    }

    private Map<String, Object> heartbeat() {
        return Json.of(
                "session", session,
                "sent_at", ServerTime.ownTime(),
                "round_trip_ms", roundTripMs < 0 ? null : (int) Math.min(roundTripMs, 600_000),
                "memory", telling.memory(),
                "telemetry", Json.of("software_version", VERSION));
    }

    private void welcomed(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        Object heartbeatSeconds = message.get("heartbeat_seconds");
        if (heartbeatSeconds != null) Json.integer(heartbeatSeconds);
        long tookMs = time.welcomed(Json.string(message.get("hello_sent_at")), Json.string(message.get("server_time")));
        if (tookMs < 0) return;
        roundTripMs = tookMs;
        connector.proved();
        if (isOld(memory)) return;
        isCompared = true;
        telling.goOn(memory);
        greeting.welcomed(heartbeatSeconds);
        takeTurns();
    }

    private void receipt(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        String id = Json.string(message.get("operation_id"));
        // Before the welcome of a link nothing is said of the log.
        if (telling.memory() == null || isOld(memory)) return;
        telling.receipt(id, message.get("status") != null, memory);
    }

    private void remembered(Map<String, Object> message) {
        Map<String, Object> memory = memoryIn(message);
        if (telling.memory() != null && !isOld(memory)) telling.goOn(memory);
    }

    private static Map<String, Object> memoryIn(Map<String, Object> message) {
        Map<String, Object> memory = Json.object(message.get("memory"));
        Object id = memory.get("id");
        return Json.of("number", Json.integer(memory.get("number")), "id", id == null ? null : Json.string(id));
    }

    /** Rule 6. A device with a password cannot ask for another address: it must not go on as this one. */
    private boolean isOld(Map<String, Object> memory) {
        if (!journal.contradicts((int) memory.get("number"), (String) memory.get("id"))) return false;
        System.err.println("The journal is an old copy: this device needs another password.");
        greeting.pause();
        telling.pause();
        connector.stop();
        stop(Main.NEEDS_PASSWORD);
        return true;
    }

    // Commands and their turns

    private void commanded(Command command) {
        String id = command.id();
        if (isStopping) return;
        Map<String, Object> entry = journal.find(id);
        Waiting known = waiting.get(id);
        if (entry != null) telling.again(entry);
        else if (running != null && running.command.id().equals(id)) sayStarted();
        else {
            if (known == null) waiting.put(id, known = new Waiting());
            if (known.command == null) known.command = command;
            takeTurns();
            if (waiting.containsKey(id)) sayDelivered(id, known);
        }
    }

    private void cancelled(Command cancel) {
        String id = cancel.id();
        if (isStopping) return;
        Map<String, Object> entry = journal.find(id);
        if (entry != null) telling.again(entry);
        else if (running != null && running.command.id().equals(id)) {
            if (!running.breakOff()) connector.send("cancel_refused", Json.of("operation_id", id));
        } else if (cancel.isClose()) {
            Waiting known = waiting.computeIfAbsent(id, none -> new Waiting());
            known.isCancelled = true;
            if (known.command == null) cancels.put(id, cancel);
            takeTurns();
        } else {
            Waiting known = waiting.remove(id);
            answer((known == null ? cancel : known.command).answered("FAILED", "reason", "cancelled"));
        }
    }

    private void takeTurns() {
        for (String id : List.copyOf(waiting.keySet())) {
            if (running != null || isStopping) return;
            Waiting one = waiting.get(id);
            if (!mayBeDecided(one)) continue;
            waiting.remove(id);
            Command cancel = cancels.remove(id);
            if (one.command == null) answer(cancel.answered("FAILED", "reason", "cancelled"));
            else decide(one);
        }
    }

    /** Rules 6, 33 and 34. */
    private boolean mayBeDecided(Waiting one) {
        boolean isClose = one.command == null || one.command.isClose();
        if (isClose && !isCompared) return false;
        if (time.isTrusted() || one.here().compareTo(PATIENCE) >= 0) return true;
        if (isCompared) greeting.askAgain();
        timers.after(PATIENCE.minus(one.here()).toMillis() + 1, this::takeTurns);
        return false;
    }

    private void decide(Waiting one) {
        Command command = one.command;
        if (command.unknownWord() != null) {
            Object error = Json.of("code", "unsupported", "message", "This agent does not know " + command.unknownWord());
            answer(command.answered("FAILED", "reason", "unsupported", "error", error));
            return;
        }
        Instant now = time.now(command.sentAt(), one.here());
        if (!one.isCancelled && !now.isBefore(command.expiresAt())) {
            answer(command.answered("FAILED", "reason", "expired"));
            return;
        }
        if (command.isClose() && isClosedOtherwise(command)) return;
        if (one.isCancelled) answer(command.answered("FAILED", "reason", "cancelled"));
        else begin(command);
    }

    /** Rules 23 to 25: whether the close is answered without being begun. */
    private boolean isClosedOtherwise(Command command) {
        Map<String, Object> first = journal.closeOfRequest(command.request());
        if (first != null) {
            answer(repeated(command, first));
            return true;
        }
        look();
        if (command.follows(journal.lastClose())) return false;
        answer(outOfStep(command));
        return true;
    }

    private Map<String, Object> outOfStep(Command command) {
        return command.answered("FAILED", "reason", "out_of_step", "last_close", journal.lastClose());
    }

    private static Map<String, Object> repeated(Command command, Map<String, Object> first) {
        Map<String, Object> entry = new LinkedHashMap<>(first);
        entry.remove("number");
        entry.putIfAbsent("repeats", first.get("operation_id"));
        entry.put("operation_id", command.id());
        entry.put("origin", command.message().get("origin"));
        return entry;
    }

    private void begin(Command command) {
        String startedAt = ServerTime.ownTime();
        Reader.Kept kept = null;
        try {
            // Rule 16. From here on people are kept from closing, so that nothing comes between the comparison and the close.
            if (command.isClose()) kept = reader.keep();
            journal.begin(command, startedAt);
            if (command.isClose() && !Objects.equals(reader.lastBatch(), journal.batch())) {
                journal.takeBack();
                kept.close();
                look();
                answer(outOfStep(command));
                return;
            }
            running = new Work(command, startedAt, kept, reader, VERSION, this::over);
            sayStarted();
            running.start();
        } catch (IOException full) {
            letGo(kept);
            System.err.println("Nothing can be begun: " + full.getMessage());
            telling.addUnstored(command.answered("FAILED", "reason", "storage_failed"));
        }
    }

    /** Called on the thread of the work. */
    private void over(Work work, Object[] outcome) {
        timers.soon(() -> {
            Command command = work.command;
            boolean isDone = outcome[0].equals("COMPLETED");
            Object[] more = {"started_at", work.startedAt, isDone ? "result" : "reason", outcome[1]};
            Map<String, Object> entry = command.answered((String) outcome[0], more);
            if (!isDone && command.isClose()) entry.put("unknown_end", true);
            running = null;
            answer(entry);
            letGo(work.kept);
            if (isStopping) end();
            else takeTurns();
        });
    }

    private static void letGo(Reader.Kept kept) {
        try {
            if (kept != null) kept.close();
        } catch (IOException over) {
            System.err.println(over.getMessage());
        }
    }

    /** Writes it into the log, and tells it (rules 7 and 14). */
    private void answer(Map<String, Object> entry) {
        try {
            // What the reader names right after a close of ours belongs to that.
            boolean isOwnClose = entry.get("started_at") != null && Journal.isClose(entry);
            journal.add(entry, isOwnClose ? reader.lastBatch() : journal.batch(), telling.held());
            telling.added();
        } catch (IOException full) {
            System.err.println("A result could not be written: " + full.getMessage());
            Map<String, Object> unstored = new LinkedHashMap<>(entry);
            unstored.remove("result");
            unstored.putAll(Json.of("status", "FAILED", "reason", "storage_failed"));
            if (entry.get("started_at") != null && entry.get("operation").equals("end_of_day")) unstored.put("unknown_end", true);
            telling.addUnstored(unstored);
        }
    }

    /** Rule 22, after a start: what a crash interrupted is found out, and never done again. */
    private void settleInterrupted() {
        Map<String, Object> begun = journal.begun();
        if (begun == null) return;
        Object startedAt = begun.get("started_at");
        Map<String, Object> message = new LinkedHashMap<>(begun);
        message.remove("started_at");
        Command command = Command.read(message);
        Object error = Json.of("code", "interrupted", "message", "The power went in the middle of it");
        Map<String, Object> entry =
                command.answered("FAILED", "started_at", startedAt, "reason", "device_error", "error", error);
        if (command.isClose()) entry.put("unknown_end", true);
        answer(entry);
    }

    /** Rule 24: asks the reader whether somebody has closed the day. */
    private void look() {
        if (running != null && running.command.isClose()) return;
        try {
            String last = reader.lastBatch();
            if (last != null && !last.equals(journal.batch())) {
                journal.addCloseByHand(last, telling.held());
                telling.added();
            }
        } catch (IOException full) {
            System.err.println("A close by hand could not be written: " + full.getMessage());
        }
        nextLook.run();
        nextLook = timers.after(LOOK_MS, this::look);
    }

    private void sayStarted() {
        connector.send("started", Json.of("operation_id", running.command.id(), "started_at", running.startedAt));
    }

    private void sayDelivered(String id, Waiting known) {
        connector.send("delivered", Json.of("operation_id", id, "received_at", known.receivedAt));
    }
}
