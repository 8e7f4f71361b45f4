import java.io.IOException;
import java.util.Map;

/** An operation that runs, on a thread of its own. A real device would do its work here. */
final class Work {
    interface Over {
        /** `outcome`: COMPLETED and the result, or FAILED and the reason. */
        void over(Work work, Object[] outcome);
    }

    private static final long TAKES_MS = 1_000;

    final Command command;
    final String startedAt;
    /** For a close: the lock that prevents closes by hand. */
    final Reader.CloseLock closeLock;
    private final Reader reader;
    private final String version;
    private final Over over;
    private final Thread thread;

    Work(Command command, String startedAt, Reader.CloseLock closeLock, Reader reader, String version, Over over) {
        this.command = command;
        this.startedAt = startedAt;
        this.closeLock = closeLock;
        this.reader = reader;
        this.version = version;
        this.over = over;
        this.thread = new Thread(this::run, "work");
    }

    void start() {
        thread.start();
    }

    /**
     * Rule 30: interrupts the operation, and returns whether it can. A close must end: the host may have closed the
     * batch already.
     */
    boolean interrupt() {
        if (command.isClose()) return false;
        thread.interrupt();
        return true;
    }

    private void run() {
        try {
            Thread.sleep(TAKES_MS);
            over.over(this, new Object[] {"COMPLETED", result()});
        } catch (InterruptedException brokenOff) {
            over.over(this, new Object[] {"FAILED", "cancelled"});
        } catch (IOException | RuntimeException fault) {
            System.err.println(command.operation() + " failed: " + fault);
            over.over(this, new Object[] {"FAILED", "device_error"});
        }
    }

    private Map<String, Object> result() throws IOException {
        return switch (command.operation()) {
            case "open_menu" -> Json.of("opened", true);
            // Rule U6: this device installs nothing from the server, and knows only its own version.
            case "check_update" -> Json.of(
                    "current_version", version, "latest_version", version, "update_available", false, "configuration_version", "0");
            case "end_of_day" -> Json.of("outcome", "accepted", "batch_id", reader.close());
            default -> throw new IllegalStateException(command.operation());
        };
    }
}
