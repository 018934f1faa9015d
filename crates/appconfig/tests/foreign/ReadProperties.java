import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Properties;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * Reads properties files, each a line of hexadecimal digits, and answers each with one line of words, separated
 * by commas, each in hexadecimal digits of UTF-8: for every property its key, its value, and the line that
 * Properties.store writes for it. The word "refused" alone answers a file that Java does not load.
 */
class ReadProperties {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            Properties properties = new Properties();
            try {
                properties.load(new ByteArrayInputStream(HEX.parseHex(line)));
            } catch (IllegalArgumentException malformedUnicode) {
                System.out.println(hex("refused"));
                continue;
            }
            StringJoiner answer = new StringJoiner(",");
            for (var entry : new TreeMap<Object, Object>(properties).entrySet()) {
                String key = (String) entry.getKey();
                String value = (String) entry.getValue();
                answer.add(hex(key)).add(hex(value)).add(hex(stored(key, value)));
            }
            System.out.println(answer);
        }
    }

    /** The line that Properties.store writes, without the date comment before it and the line end after it. */
    private static String stored(String key, String value) throws Exception {
        Properties properties = new Properties();
        properties.setProperty(key, value);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        properties.store(out, null);
        String[] written = out.toString(StandardCharsets.ISO_8859_1).split(System.lineSeparator());
        return written[written.length - 1];
    }

    private static String hex(String text) {
        return HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
