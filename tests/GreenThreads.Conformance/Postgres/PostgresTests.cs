using Npgsql;
using Xunit.Abstractions;

namespace GreenThreads.Conformance;

/// <summary>Npgsql's synchronous API, unchanged, on green threads.</summary>
public sealed class PostgresTests(PostgresServer server, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const int Threads = 1000;
    private const int Connections = 90;
    private const int Accounts = 50;
    private const int Balance = 1000;

    [ServerFact(PostgresServer.Name)]
    public void A_thousand_green_threads_sleep_and_pay_over_ninety_connections()
    {
        using NpgsqlDataSource source = NpgsqlDataSource.Create(server.ConnectionString(Connections));
        Execute(source, "DROP TABLE IF EXISTS account, payment");
        Execute(source, "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
        Execute(source, "CREATE TABLE payment (thread int PRIMARY KEY, amount int NOT NULL)");
        Execute(source, $"INSERT INTO account SELECT id, {Balance} FROM generate_series(0, {Accounts - 1}) AS id");

        Crowd.Run(output, Threads, thread =>
        {
            using NpgsqlConnection connection = source.OpenConnection();
            using (var sleep = new NpgsqlCommand("SELECT pg_sleep(0.1)", connection))
                sleep.ExecuteNonQuery();
            Pay(connection, thread);
        });

        Assert.Equal(Accounts * Balance, Scalar(source, "SELECT sum(balance) FROM account"));
        Assert.Equal(Threads, Scalar(source, "SELECT count(*) FROM payment"));
        Assert.Equal(Enumerable.Range(0, Threads).Sum(Amount), Scalar(source, "SELECT sum(amount) FROM payment"));
        // What every account should have got and given, computed from the payments by the server itself.
        Assert.Equal(0, Scalar(source, $"""
            SELECT count(*) FROM account WHERE balance <> {Balance}
                + (SELECT coalesce(sum(amount), 0) FROM payment WHERE thread * 7 % {Accounts} = id)
                - (SELECT coalesce(sum(amount), 0) FROM payment WHERE (thread * 7 + 1) % {Accounts} = id)
            """));
    }

    // From one account to its neighbour. The rows are locked in the order of their ids, or the server would find deadlocks.
    private static void Pay(NpgsqlConnection connection, int thread)
    {
        int to = thread * 7 % Accounts;
        int from = (to + 1) % Accounts;
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        foreach ((int account, int change) in new[] { (to, Amount(thread)), (from, -Amount(thread)) }.OrderBy(static change => change.Item1))
        {
            using var update = new NpgsqlCommand("UPDATE account SET balance = balance + $1 WHERE id = $2", connection, transaction);
            update.Parameters.Add(new NpgsqlParameter<int> { TypedValue = change });
            update.Parameters.Add(new NpgsqlParameter<int> { TypedValue = account });
            Assert.Equal(1, update.ExecuteNonQuery());
        }
        using (var insert = new NpgsqlCommand("INSERT INTO payment VALUES ($1, $2)", connection, transaction))
        {
            insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = thread });
            insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Amount(thread) });
            insert.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static int Amount(int thread) => thread % 13 + 1;

    private static void Execute(NpgsqlDataSource source, string text)
    {
        using NpgsqlCommand command = source.CreateCommand(text);
        command.ExecuteNonQuery();
    }

    private static long Scalar(NpgsqlDataSource source, string text)
    {
        using NpgsqlCommand command = source.CreateCommand($"SELECT ({text})::bigint");
        return (long)command.ExecuteScalar()!;
    }
}
