/** A message that cannot be understood: it is logged and ignored (rule 35). */
final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1;

    Malformed(String message) {
        super(message);
    }
}
