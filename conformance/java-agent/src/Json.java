import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, strings, numbers, booleans and null. What is read is written again as it was (rule 15). */
final class Json {
    private static final int DEEPEST = 100;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** Throws {@link Malformed} for what is no JSON. */
    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blank();
        if (json.at < text.length()) throw json.malformed();
        return value;
    }

    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private Object value() {
        blank();
        if (at >= text.length() || ++depth > DEEPEST) throw malformed();
        Object value = switch (text.charAt(at)) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
        depth--;
        return value;
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        blank();
        if (skips('}')) return object;
        do {
            blank();
            String name = string();
            blank();
            demand(':');
            object.put(name, value());
            blank();
        } while (skips(','));
        demand('}');
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        at++;
        blank();
        if (skips(']')) return array;
        do {
            array.add(value());
            blank();
        } while (skips(','));
        demand(']');
        return array;
    }

    private String string() {
        demand('"');
        StringBuilder out = new StringBuilder();
        for (;;) {
            if (at >= text.length()) throw malformed();
            char next = text.charAt(at++);
            if (next == '"') return out.toString();
            if (next < ' ') throw malformed();
            out.append(next == '\\' ? escaped() : next);
        }
    }

    private char escaped() {
        if (at >= text.length()) throw malformed();
        char next = text.charAt(at++);
        return switch (next) {
            case '"', '\\', '/' -> next;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> unicode();
            default -> throw malformed();
        };
    }

    private char unicode() {
        if (at + 4 > text.length()) throw malformed();
        String digits = text.substring(at, at += 4);
        if (!digits.matches("[0-9a-fA-F]{4}")) throw malformed();
        return (char) Integer.parseInt(digits, 16);
    }

    private BigDecimal number() {
        int from = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) at++;
        String digits = text.substring(from, at);
        if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")) throw malformed();
        return new BigDecimal(digits);
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw malformed();
        at += word.length();
        return value;
    }

    private void blank() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private boolean skips(char wanted) {
        boolean found = at < text.length() && text.charAt(at) == wanted;
        if (found) at++;
        return found;
    }

    private void demand(char wanted) {
        if (!skips(wanted)) throw malformed();
    }

    private Malformed malformed() {
        return new Malformed("no JSON, at character " + at);
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> object) {
            out.append('{');
            String comma = "";
            for (Map.Entry<?, ?> field : object.entrySet()) {
                out.append(comma);
                quote((String) field.getKey(), out);
                out.append(':');
                write(field.getValue(), out);
                comma = ",";
            }
            out.append('}');
        } else if (value instanceof List<?> array) {
            out.append('[');
            String comma = "";
            for (Object item : array) {
                out.append(comma);
                write(item, out);
                comma = ",";
            }
            out.append(']');
        } else if (value instanceof String string) {
            quote(string, out);
        } else {
            out.append(value);
        }
    }

    private static void quote(String string, StringBuilder out) {
        out.append('"');
        for (char next : string.toCharArray()) {
            if (next == '"' || next == '\\') out.append('\\').append(next);
            else if (next < ' ') out.append(String.format("\\u%04x", (int) next));
            else out.append(next);
        }
        out.append('"');
    }
}
