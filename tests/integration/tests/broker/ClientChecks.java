// Checks of the embedded broker with the Java client. Prints "ok <name>" or "FAILED <name>: <why>" a line.
// Run as: java -cp <jars> ClientChecks.java <bootstrap>

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class ClientChecks {
    interface Check {
        void run() throws Exception;
    }

    static String bootstrap;
    static Admin admin;
    static boolean failed;

    public static void main(String[] arguments) {
        bootstrap = arguments[0];
        admin = Admin.create(settings());
        check("topics", ClientChecks::topics);
        check("topic errors", ClientChecks::topicErrors);
        check("topic configs", ClientChecks::topicConfigs);
        check("cluster", ClientChecks::cluster);
        check("produce and consume", ClientChecks::produceAndConsume);
        check("every compression", ClientChecks::everyCompression);
        check("offsets of a log", ClientChecks::offsetsOfALog);
        check("group", ClientChecks::group);
        check("cooperative group", ClientChecks::cooperativeGroup);
        check("static member", ClientChecks::staticMember);
        check("group offsets", ClientChecks::groupOffsets);
        check("transactions", ClientChecks::transactions);
        check("consume, transform, produce", ClientChecks::consumeTransformProduce);
        check("zombie", ClientChecks::zombie);
        check("fenced by the admin", ClientChecks::fencedByTheAdmin);
        check("describe transactions and producers", ClientChecks::describeTransactions);
        check("delete records", ClientChecks::deleteRecords);
        admin.close(Duration.ofSeconds(5));
        if (failed) {
            System.exit(1);
        }
    }

    static void check(String name, Check check) {
        try {
            check.run();
            System.out.println("ok " + name);
        } catch (Throwable thrown) {
            Throwable cause = thrown instanceof ExecutionException ? thrown.getCause() : thrown;
            System.out.println("FAILED " + name + ": " + cause);
            failed = true;
        }
    }

    static void same(Object expected, Object actual) {
        if (!expected.equals(actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    static void throwsError(Class<? extends Exception> type, Check check) throws Exception {
        try {
            check.run();
        } catch (Exception thrown) {
            Throwable cause = thrown instanceof ExecutionException ? thrown.getCause() : thrown;
            if (type.isInstance(cause)) {
                return;
            }
            throw thrown;
        }
        throw new AssertionError(type.getSimpleName() + " was not thrown");
    }

    static Map<String, Object> settings(Object... more) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("request.timeout.ms", "10000");
        settings.put("default.api.timeout.ms", "15000");
        for (int at = 0; at < more.length; at += 2) {
            settings.put((String) more[at], more[at + 1]);
        }
        return settings;
    }

    static KafkaProducer<String, String> producer(Object... more) {
        Map<String, Object> settings = settings(more);
        settings.remove("default.api.timeout.ms");
        settings.put("max.block.ms", "15000");
        settings.put("delivery.timeout.ms", "15000");
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    static KafkaConsumer<String, String> consumer(String group, Object... more) {
        Map<String, Object> settings = settings(more);
        settings.put("group.id", group);
        settings.putIfAbsent("auto.offset.reset", "earliest");
        settings.putIfAbsent("enable.auto.commit", "false");
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    static List<String> take(Consumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        long until = System.currentTimeMillis() + 15000;
        while (values.size() < count && System.currentTimeMillis() < until) {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
        }
        return values;
    }

    static List<String> committed(String topic, int count) {
        try (KafkaConsumer<String, String> consumer = consumer("reader", "isolation.level", "read_committed")) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.seekToBeginning(consumer.assignment());
            return take(consumer, count);
        }
    }

    static void create(String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }

    static void topics() throws Exception {
        NewTopic compacted = new NewTopic("compacted", 3, (short) 1).configs(Map.of("cleanup.policy", "compact"));
        CreateTopicsResult created =
            admin.createTopics(List.of(compacted, new NewTopic("plain", Optional.empty(), Optional.empty())));
        created.all().get();
        same("compact", created.config("compacted").get().get("cleanup.policy").value());
        same(1, created.numPartitions("plain").get());
        same(3, admin.describeTopics(List.of("compacted")).allTopicNames().get().get("compacted").partitions().size());
        admin.createPartitions(Map.of("compacted", NewPartitions.increaseTo(4))).all().get();
        same(4, admin.describeTopics(List.of("compacted")).allTopicNames().get().get("compacted").partitions().size());
        same(Set.of("compacted", "plain"), admin.listTopics().names().get());
        admin.deleteTopics(List.of("plain")).all().get();
        same(Set.of("compacted"), admin.listTopics().names().get());
    }

    static void topicErrors() throws Exception {
        throwsError(TopicExistsException.class, () -> create("compacted", 1));
        throwsError(InvalidReplicationFactorException.class,
            () -> admin.createTopics(List.of(new NewTopic("three", 1, (short) 3))).all().get());
        throwsError(InvalidTopicException.class, () -> create("not legal", 1));
        throwsError(UnknownTopicOrPartitionException.class, () -> admin.deleteTopics(List.of("none")).all().get());
        throwsError(InvalidPartitionsException.class,
            () -> admin.createPartitions(Map.of("compacted", NewPartitions.increaseTo(2))).all().get());
        CreateTopicsOptions onlyCheck = new CreateTopicsOptions().validateOnly(true);
        admin.createTopics(List.of(new NewTopic("checked", 1, (short) 1)), onlyCheck).all().get();
        same(Set.of("compacted"), admin.listTopics().names().get());
    }

    static void topicConfigs() throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "compacted");
        Collection<AlterConfigOp> changes = List.of(
            new AlterConfigOp(new ConfigEntry(TopicConfig.RETENTION_MS_CONFIG, "5000"), AlterConfigOp.OpType.SET),
            new AlterConfigOp(new ConfigEntry(TopicConfig.CLEANUP_POLICY_CONFIG, "delete"), AlterConfigOp.OpType.APPEND));
        admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get();
        Config config = admin.describeConfigs(List.of(topic)).all().get().get(topic);
        same("5000", config.get("retention.ms").value());
        same("compact,delete", config.get("cleanup.policy").value());
        same(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("retention.ms").source());
        Collection<AlterConfigOp> wrong = List.of(
            new AlterConfigOp(new ConfigEntry("retention.ms", "soon"), AlterConfigOp.OpType.SET));
        throwsError(InvalidConfigurationException.class,
            () -> admin.incrementalAlterConfigs(Map.of(topic, wrong)).all().get());
    }

    static void cluster() throws Exception {
        DescribeClusterResult cluster = admin.describeCluster();
        same(1, cluster.nodes().get().size());
        same(1, cluster.controller().get().id());
        if (cluster.clusterId().get().isEmpty()) {
            throw new AssertionError("the cluster has no id");
        }
    }

    static void produceAndConsume() throws Exception {
        create("records", 3);
        try (KafkaProducer<String, String> producer = producer()) {
            for (int n = 0; n < 300; n++) {
                ProducerRecord<String, String> record = new ProducerRecord<>("records", n % 3, "k" + n, "v" + n);
                record.headers().add(new RecordHeader("n", new byte[] {(byte) n}));
                producer.send(record);
            }
        }
        try (KafkaConsumer<String, String> consumer = consumer("records")) {
            consumer.subscribe(List.of("records"));
            same(300, take(consumer, 300).size());
            consumer.commitSync();
            TopicPartition partition = new TopicPartition("records", 1);
            same(100L, consumer.committed(Set.of(partition)).get(partition).offset());
        }
    }

    static void everyCompression() throws Exception {
        create("packed", 1);
        List<String> sent = new ArrayList<>();
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            try (KafkaProducer<String, String> producer = producer("compression.type", codec)) {
                String value = codec.repeat(1000);
                producer.send(new ProducerRecord<>("packed", value)).get();
                sent.add(value);
            }
        }
        same(sent, committed("packed", 5));
    }

    static void offsetsOfALog() throws Exception {
        create("timed", 1);
        TopicPartition partition = new TopicPartition("timed", 0);
        try (KafkaProducer<String, String> producer = producer("linger.ms", "100")) {
            for (long time : new long[] {1000, 3000, 2000}) {
                producer.send(new ProducerRecord<>("timed", 0, time, "k", "at " + time));
            }
        }
        try (KafkaConsumer<String, String> consumer = consumer("timed")) {
            same(Map.of(partition, 3L), consumer.endOffsets(List.of(partition)));
            same(Map.of(partition, 0L), consumer.beginningOffsets(List.of(partition)));
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, 1500L)).get(partition);
            same(1L, found.offset());
            same(3000L, found.timestamp());
        }
        same(1L, admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).partitionResult(partition).get().offset());
    }

    static void group() throws Exception {
        create("shared", 4);
        try (KafkaConsumer<String, String> one = consumer("shared"); KafkaConsumer<String, String> two = consumer("shared")) {
            one.subscribe(List.of("shared"));
            two.subscribe(List.of("shared"));
            settle(one, two);
            ConsumerGroupDescription described =
                admin.describeConsumerGroups(List.of("shared")).describedGroups().get("shared").get();
            same(GroupState.STABLE, described.groupState());
            same(2, described.members().size());
        }
        admin.deleteConsumerGroups(List.of("shared")).all().get();
        throwsError(GroupIdNotFoundException.class, () -> admin.deleteConsumerGroups(List.of("shared")).all().get());
    }

    static void settle(KafkaConsumer<String, String> one, KafkaConsumer<String, String> two) {
        long until = System.currentTimeMillis() + 20000;
        while (one.assignment().size() != 2 || two.assignment().size() != 2) {
            one.poll(Duration.ofMillis(50));
            two.poll(Duration.ofMillis(50));
            if (System.currentTimeMillis() > until) {
                throw new AssertionError("assigned: " + one.assignment() + " and " + two.assignment());
            }
        }
    }

    static void cooperativeGroup() {
        Object[] sticky = {
            "partition.assignment.strategy", CooperativeStickyAssignor.class.getName(), "heartbeat.interval.ms", "300"
        };
        try (KafkaConsumer<String, String> one = consumer("sticky", sticky); KafkaConsumer<String, String> two = consumer("sticky", sticky)) {
            one.subscribe(List.of("shared"));
            long until = System.currentTimeMillis() + 15000;
            while (one.assignment().size() != 4 && System.currentTimeMillis() < until) {
                one.poll(Duration.ofMillis(50));
            }
            two.subscribe(List.of("shared"));
            settle(one, two);
        }
    }

    static void staticMember() throws Exception {
        for (int round = 0; round < 2; round++) {
            try (KafkaConsumer<String, String> member = consumer("static", "group.instance.id", "the-one")) {
                member.subscribe(List.of("records"));
                take(member, 1);
                same(3, member.assignment().size());
            }
        }
        same(1, admin.describeConsumerGroups(List.of("static")).describedGroups().get("static").get().members().size());
        MemberToRemove gone = new MemberToRemove("the-one");
        admin.removeMembersFromConsumerGroup("static", new RemoveMembersFromConsumerGroupOptions(List.of(gone))).all().get();
        same(0, admin.describeConsumerGroups(List.of("static")).describedGroups().get("static").get().members().size());
    }

    static void groupOffsets() throws Exception {
        TopicPartition partition = new TopicPartition("records", 0);
        Map<TopicPartition, OffsetAndMetadata> offsets =
            Map.of(partition, new OffsetAndMetadata(42, Optional.empty(), "note"), new TopicPartition("records", 1), new OffsetAndMetadata(1));
        admin.alterConsumerGroupOffsets("offsets", offsets).all().get();
        OffsetAndMetadata kept = admin.listConsumerGroupOffsets("offsets").partitionsToOffsetAndMetadata().get().get(partition);
        same(42L, kept.offset());
        same("note", kept.metadata());
        admin.deleteConsumerGroupOffsets("offsets", Set.of(partition)).all().get();
        same(1, admin.listConsumerGroupOffsets("offsets").partitionsToOffsetAndMetadata().get().size());
        boolean listed = admin.listGroups().all().get().stream().anyMatch(group -> group.groupId().equals("offsets"));
        same(true, listed);
    }

    static void transactions() throws Exception {
        create("whole", 1);
        try (KafkaProducer<String, String> producer = producer("transactional.id", "whole")) {
            producer.initTransactions();
            for (boolean commit : new boolean[] {true, false, true}) {
                producer.beginTransaction();
                for (int n = 0; n < 3; n++) {
                    producer.send(new ProducerRecord<>("whole", (commit ? "kept" : "dropped") + n));
                }
                producer.flush();
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        same(List.of("kept0", "kept1", "kept2", "kept0", "kept1", "kept2"), committed("whole", 6));
    }

    static void consumeTransformProduce() throws Exception {
        create("transformed", 1);
        TopicPartition from = new TopicPartition("whole", 0);
        try (KafkaConsumer<String, String> consumer = consumer("transform", "isolation.level", "read_committed");
                KafkaProducer<String, String> producer = producer("transactional.id", "transform")) {
            producer.initTransactions();
            consumer.subscribe(List.of("whole"));
            for (boolean commit : new boolean[] {false, true}) {
                List<String> values = take(consumer, 6);
                producer.beginTransaction();
                values.forEach(value -> producer.send(new ProducerRecord<>("transformed", value.toUpperCase())));
                Map<TopicPartition, OffsetAndMetadata> position = Map.of(from, new OffsetAndMetadata(consumer.position(from)));
                producer.sendOffsetsToTransaction(position, consumer.groupMetadata());
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                    same(true, consumer.committed(Set.of(from)).get(from) == null);
                    consumer.seekToBeginning(List.of(from));
                }
            }
            same(consumer.position(from), consumer.committed(Set.of(from)).get(from).offset());
        }
        same(List.of("KEPT0", "KEPT1", "KEPT2", "KEPT0", "KEPT1", "KEPT2"), committed("transformed", 6));
    }

    static void zombie() throws Exception {
        create("fenced", 1);
        try (KafkaProducer<String, String> zombie = producer("transactional.id", "fenced");
                KafkaProducer<String, String> successor = producer("transactional.id", "fenced")) {
            zombie.initTransactions();
            zombie.beginTransaction();
            zombie.send(new ProducerRecord<>("fenced", "zombie")).get();
            successor.initTransactions();
            throwsError(ProducerFencedException.class, zombie::commitTransaction);
            successor.beginTransaction();
            successor.send(new ProducerRecord<>("fenced", "successor"));
            successor.commitTransaction();
        }
        same(List.of("successor"), committed("fenced", 1));
    }

    static void fencedByTheAdmin() throws Exception {
        try (KafkaProducer<String, String> producer = producer("transactional.id", "by-admin")) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("fenced", "never")).get();
            admin.fenceProducers(List.of("by-admin")).all().get();
            throwsError(KafkaException.class, producer::commitTransaction);
        }
        same(List.of("successor"), committed("fenced", 1));
    }

    static void describeTransactions() throws Exception {
        TopicPartition partition = new TopicPartition("fenced", 0);
        try (KafkaProducer<String, String> producer = producer("transactional.id", "described")) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("fenced", "open")).get();
            TransactionDescription described = admin.describeTransactions(List.of("described")).description("described").get();
            same(TransactionState.ONGOING, described.state());
            same(Set.of(partition), described.topicPartitions());
            same(true, admin.listTransactions().all().get().stream().anyMatch(one -> one.transactionalId().equals("described")));
            List<ProducerState> producers =
                admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers();
            same(1L, producers.stream().filter(one -> one.currentTransactionStartOffset().isPresent()).count());
            producer.abortTransaction();
        }
    }

    static void deleteRecords() throws Exception {
        TopicPartition partition = new TopicPartition("records", 0);
        DeletedRecords deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(30))).lowWatermarks().get(partition).get();
        same(30L, deleted.lowWatermark());
        throwsError(org.apache.kafka.common.errors.OffsetOutOfRangeException.class,
            () -> admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3000))).all().get());
        try (KafkaConsumer<String, String> consumer = consumer("deleted")) {
            same(Map.of(partition, 30L), consumer.beginningOffsets(List.of(partition)));
        }
    }
}
