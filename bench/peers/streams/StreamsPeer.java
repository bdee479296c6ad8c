import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The job (JOB.md) in Kafka Streams: JSON serdes by Jackson, a RocksDB store with cache and changelog, one thread. */
public final class StreamsPeer {
    static final long DAY_MS = 86_400_000L;
    static final double VALUE = number("VALUE");
    static final double QUANTITY_MAX = number("QUANTITY_MAX");
    static final double NOTIONAL_MAX = number("NOTIONAL_MAX");
    static final double EXPOSURE_MAX = number("EXPOSURE_MAX");
    static final double DRAWDOWN_DAY_MAX = number("DRAWDOWN_DAY_MAX");
    static final double DRAWDOWN_MONTH_MAX = number("DRAWDOWN_MONTH_MAX");
    static final double RATE_MAX = number("RATE_MAX");
    static final double AGE_MAX_MS = number("AGE_MAX_MS");

    public static final class Order {
        public String order_id;
        public String portfolio_id;
        public String symbol;
        public String side;
        public double quantity;
        public double price;
        public long ts;
    }

    public static final class Row {
        public double value;
        public double peak_day;
        public double peak_month;
        public long value_ts;
        public long day = -1;
        public long count;
        public double net;
        public double gross;
    }

    public static final class Decision {
        public String order_id;
        public String portfolio_id;
        public String symbol;
        public String decision;
        public String code;
        public long ts;
    }

    static final class Judge implements FixedKeyProcessor<String, Order, Decision> {
        private FixedKeyProcessorContext<String, Decision> context;
        private KeyValueStore<String, Row> rows;

        @Override
        public void init(FixedKeyProcessorContext<String, Decision> context) {
            this.context = context;
            this.rows = context.getStateStore("portfolios");
        }

        @Override
        public void process(FixedKeyRecord<String, Order> record) {
            Order order = record.value();
            Row row = rows.get(record.key());
            if (row == null) {
                row = new Row();
                row.value = row.peak_day = row.peak_month = VALUE;
                row.value_ts = order.ts;
            }
            String code = decide(order, row);
            rows.put(record.key(), row);
            Decision answer = new Decision();
            answer.order_id = order.order_id;
            answer.portfolio_id = order.portfolio_id;
            answer.symbol = order.symbol;
            answer.decision = code.equals("OK") ? "APPROVED" : "REJECTED";
            answer.code = code;
            answer.ts = order.ts;
            context.forward(record.withValue(answer));
        }
    }

    /** The first check that refuses, else OK; the row is moved on. */
    static String decide(Order order, Row row) {
        double notional = order.quantity * order.price;
        double signed = order.side.equals("BUY") ? notional : -notional;
        long day = order.ts / DAY_MS;
        row.count = day == row.day ? row.count + 1 : 1;
        row.day = day;
        if (order.quantity > QUANTITY_MAX) return "QUANTITY";
        if (notional > NOTIONAL_MAX) return "NOTIONAL";
        if (Math.abs(row.net + signed) / row.value > EXPOSURE_MAX) return "POSITION";
        if ((row.gross + notional) / row.value > EXPOSURE_MAX) return "GROSS";
        if ((row.peak_day - row.value) / row.peak_day > DRAWDOWN_DAY_MAX) return "DRAWDOWN_DAY";
        if ((row.peak_month - row.value) / row.peak_month > DRAWDOWN_MONTH_MAX) return "DRAWDOWN_MONTH";
        if (row.count > RATE_MAX) return "RATE";
        if (order.ts - row.value_ts > AGE_MAX_MS) return "AGE";
        row.net += signed;
        row.gross += notional;
        return "OK";
    }

    static <T> Serde<T> json(Class<T> type) {
        ObjectMapper mapper = new ObjectMapper();
        return Serdes.serdeFrom(
            (topic, value) -> {
                try {
                    return value == null ? null : mapper.writeValueAsBytes(value);
                } catch (java.io.IOException error) {
                    throw new SerializationException(error);
                }
            },
            (topic, bytes) -> {
                try {
                    return bytes == null ? null : mapper.readValue(bytes, type);
                } catch (java.io.IOException error) {
                    throw new SerializationException(error);
                }
            });
    }

    static String setting(String name) {
        return System.getenv("BENCH_" + name);
    }

    static double number(String name) {
        return Double.parseDouble(setting(name));
    }

    public static void main(String[] args) throws InterruptedException {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, setting("GROUP"));
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, setting("BOOTSTRAP"));
        properties.put(StreamsConfig.STATE_DIR_CONFIG, setting("FOLDER"));
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, setting("GUARANTEE"));
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        String commitMs = setting("COMMIT_MS");
        if (commitMs != null) properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitMs);
        String lingerMs = setting("LINGER_MS");
        if (lingerMs != null) properties.put(StreamsConfig.producerPrefix("linger.ms"), lingerMs);

        StoreBuilder<KeyValueStore<String, Row>> store = Stores
            .keyValueStoreBuilder(Stores.persistentKeyValueStore("portfolios"), Serdes.String(), json(Row.class))
            .withCachingEnabled();
        Serde<Order> orders = json(Order.class);
        Serde<Decision> decisions = json(Decision.class);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(setting("ORDERS"), Consumed.with(Serdes.String(), orders))
            .processValues(new FixedKeyProcessorSupplier<String, Order, Decision>() {
                @Override
                public FixedKeyProcessor<String, Order, Decision> get() {
                    return new Judge();
                }

                @Override
                public Set<StoreBuilder<?>> stores() {
                    return Set.of(store);
                }
            })
            .to(setting("DECISIONS"), Produced.with(Serdes.String(), decisions));

        KafkaStreams streams = new KafkaStreams(builder.build(), properties);
        CountDownLatch done = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            done.countDown();
            return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        done.await();
        System.exit(1);
    }
}
