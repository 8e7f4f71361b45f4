import java.io.IOException;
import java.util.Map;

/** An operation that is carried out, on a thread of its own. The one place where a device would do something. */
final class Work {
    interface Over {
        /** `outcome`: COMPLETED and the result, or FAILED and the reason. */
        void over(Work work, Object[] outcome);
    }

    private static final long TAKES_MS = 1_000;

    final Command command;
    final String startedAt;
    /** Of a close: what keeps people from closing. */
    final Reader.Kept kept;
    private final Reader reader;
    private final String version;
    private final Over over;
    private final Thread thread;

    Work(Command command, String startedAt, Reader.Kept kept, Reader reader, String version, Over over) {
        this.command = command;
        this.startedAt = startedAt;
        this.kept = kept;
        this.reader = reader;
        this.version = version;
        this.over = over;
        this.thread = new Thread(this::run, "work");
    }

    void start() {
        thread.start();
    }

    /** Rule 30. Whoever closes a day brings it to its end: the payment host may have closed it already. */
    boolean breakOff() {
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
            // Rule U6, of a device that installs nothing from here: it knows no version but its own.
            case "check_update" -> Json.of(
                    "current_version", version, "latest_version", version, "update_available", false, "configuration_version", "0");
            case "end_of_day" -> Json.of("outcome", "accepted", "batch_id", reader.close());
            default -> throw new IllegalStateException(command.operation());
        };
    }
}
