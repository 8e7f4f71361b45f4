import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as maps, lists, strings, numbers (BigDecimal), booleans and null. A value that was read is written unchanged:
 * the agent has to bring back an `origin` with everything in it.
 */
final class Json {
    private static final int DEEPEST = 100;
    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json reader = new Json(text);
        Object value = reader.value();
        reader.blanks();
        if (reader.at < text.length()) throw reader.wrong();
        return value;
    }

    /** The object in a text; throws for any other value. */
    static Map<String, Object> parseObject(String text) {
        return object(parse(text));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        if (value instanceof Map) return (Map<String, Object>) value;
        throw new IllegalArgumentException("no object");
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object value) {
        if (value instanceof List) return (List<Object>) value;
        throw new IllegalArgumentException("no list");
    }

    static String string(Object value) {
        if (value instanceof String) return (String) value;
        throw new IllegalArgumentException("no string");
    }

    static int integer(Object value) {
        if (value instanceof BigDecimal) return ((BigDecimal) value).intValueExact();
        if (value instanceof Integer) return (Integer) value;
        throw new IllegalArgumentException("no whole number");
    }

    /** An object of these names and values, in this order. Null values are left out. */
    static Map<String, Object> of(Object... namesAndValues) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            if (namesAndValues[i + 1] != null) made.put((String) namesAndValues[i], namesAndValues[i + 1]);
        return made;
    }

    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            String before = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(before);
                writeString((String) entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                before = ",";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof List<?> list) {
            String before = "[";
            for (Object item : list) {
                out.append(before);
                write(item, out);
                before = ",";
            }
            out.append(list.isEmpty() ? "[]" : "]");
        } else if (value instanceof String text) {
            writeString(text, out);
        } else {
            out.append(value);
        }
    }

    private static void writeString(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ' || Character.isSurrogate(c)) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        out.append('"');
    }

    private Object value() {
        blanks();
        if (at >= text.length()) throw wrong();
        return switch (text.charAt(at)) {
            case '{' -> members();
            case '[' -> items();
            case '"' -> quoted();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> members() {
        Map<String, Object> made = new LinkedHashMap<>();
        enter();
        if (!ends('}')) {
            do {
                blanks();
                String name = quoted();
                blanks();
                if (!next(':')) throw wrong();
                made.put(name, value());
                blanks();
            } while (next(','));
            if (!next('}')) throw wrong();
        }
        depth--;
        return made;
    }

    private List<Object> items() {
        List<Object> made = new ArrayList<>();
        enter();
        if (!ends(']')) {
            do {
                made.add(value());
                blanks();
            } while (next(','));
            if (!next(']')) throw wrong();
        }
        depth--;
        return made;
    }

    private void enter() {
        at++;
        if (++depth > DEEPEST) throw wrong();
    }

    private boolean ends(char end) {
        blanks();
        return next(end);
    }

    private String quoted() {
        if (!next('"')) throw wrong();
        StringBuilder made = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') return made.toString();
            if (c < ' ') throw wrong();
            made.append(c == '\\' ? escaped() : c);
        }
        throw wrong();
    }

    private char escaped() {
        if (at >= text.length()) throw wrong();
        char c = text.charAt(at++);
        switch (c) {
            case '"', '\\', '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                if (at + 4 > text.length()) throw wrong();
                at += 4;
                return (char) Integer.parseInt(text.substring(at - 4, at), 16);
            default:
                throw wrong();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw wrong();
        at += word.length();
        return value;
    }

    private BigDecimal number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        if (from == at) throw wrong();
        return new BigDecimal(text.substring(from, at));
    }

    private boolean next(char wanted) {
        if (at >= text.length() || text.charAt(at) != wanted) return false;
        at++;
        return true;
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("not JSON, at character " + at);
    }
}
