import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** One thread for the rules, so that one thing happens at a time, and one for what the device does meanwhile. */
final class Turns {
    private final ScheduledExecutorService rules = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService work = Executors.newSingleThreadExecutor();

    void now(Runnable task) {
        rules.execute(guarded(task));
    }

    ScheduledFuture<?> later(long ms, Runnable task) {
        return rules.schedule(guarded(task), ms, TimeUnit.MILLISECONDS);
    }

    void every(long ms, Runnable task) {
        rules.scheduleWithFixedDelay(guarded(task), ms, ms, TimeUnit.MILLISECONDS);
    }

    void beside(Runnable task) {
        work.execute(task);
    }

    /** No message and no fault of this program ends the agent (rule 35). */
    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException cause) {
                Log.line("ignored: " + cause);
            }
        };
    }
}
