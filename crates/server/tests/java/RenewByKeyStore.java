import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Renews a certificate the way a Java application does: a PKCS#12 as KeyStore, TLS 1.2, POST, GET, and the answer
 * opened as a KeyStore again.
 *
 * Arguments: base URL, PKCS#12 file, its password, CA file. Prints the old and the new subject and serial number,
 * and the alias of the new key.
 */
class RenewByKeyStore {
    public static void main(String[] arguments) throws Exception {
        String base = arguments[0];
        KeyStore present = open(Files.readAllBytes(Path.of(arguments[1])), arguments[2]);
        SSLContext tls = context(present, arguments[2], Path.of(arguments[3]));

        HttpsURLConnection post = connection(tls, base + "/api/cert");
        post.setRequestMethod("POST");
        post.setDoOutput(true);
        post.setRequestProperty("Accept", "application/json");
        post.setRequestProperty("Content-Type", "application/json");
        post.getOutputStream().write("{}".getBytes(StandardCharsets.UTF_8));
        String reply = new String(body(post), StandardCharsets.UTF_8);

        byte[] bundle = body(connection(tls, member(reply, "uri")));
        KeyStore renewed = open(bundle, member(reply, "pass"));
        String alias = renewed.aliases().nextElement();
        PrivateKey key = (PrivateKey) renewed.getKey(alias, member(reply, "pass").toCharArray());
        print("present", (X509Certificate) present.getCertificate(present.aliases().nextElement()));
        print("renewed", (X509Certificate) renewed.getCertificate(alias));
        System.out.println("alias " + alias + " " + key.getAlgorithm());
    }

    private static KeyStore open(byte[] bytes, String password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(bytes), password.toCharArray());
        return store;
    }

    /** Java takes one certificate of a file with several: the first, which is the root. */
    private static SSLContext context(KeyStore own, String password, Path caFile) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(caFile)) {
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, password.toCharArray());
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    /** A new connection for each request; the second would like to resume the TLS session of the first. */
    private static HttpsURLConnection connection(SSLContext tls, String url) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        return connection;
    }

    private static byte[] body(HttpsURLConnection connection) throws Exception {
        if (connection.getResponseCode() != 200) {
            byte[] problem = connection.getErrorStream().readAllBytes();
            throw new Exception(connection.getResponseCode() + " " + new String(problem, StandardCharsets.UTF_8));
        }
        try (InputStream stream = connection.getInputStream()) {
            return stream.readAllBytes();
        } finally {
            connection.disconnect();
        }
    }

    private static String member(String json, String name) throws Exception {
        Matcher matcher = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"\\\\]*)\"").matcher(json);
        if (!matcher.find()) {
            throw new Exception("no " + name + " in the answer");
        }
        return matcher.group(1);
    }

    private static void print(String what, X509Certificate certificate) {
        System.out.println(what + " " + certificate.getSubjectX500Principal().getName() + " "
                + certificate.getSerialNumber().toString(16));
    }
}
