using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace GreenThreads.Samples;

/// <summary>
/// A loop that accepts, and a green thread for each connection. At most so many connections at once: further ones wait in the kernel's queue. On SIGTERM or SIGINT it
/// accepts no more, tells the sessions, waits for them as long as --drain says, and closes those that are left.
/// </summary>
internal sealed class TcpServer
{
    private const int Backlog = 4096; // A load connects all at once; the kernel takes at most net.core.somaxconn.

    private readonly ServerSettings _settings;
    private readonly Func<GreenTcpStream, Session> _newSession;
    private readonly ConcurrentDictionary<Session, bool> _sessions = new();
    private readonly GreenSemaphore _places;
    private readonly GreenLatch _open = new();

    private TcpServer(ServerSettings settings, Func<GreenTcpStream, Session> newSession)
    {
        _settings = settings;
        _newSession = newSession;
        _places = new GreenSemaphore(settings.MaximumConnections);
    }

    /// <summary>Serves until a signal ends it. Parks.</summary>
    /// <exception cref="SystemCallException">It cannot listen there.</exception>
    internal static void Run(ServerSettings settings, Func<GreenTcpStream, Session> newSession) => new TcpServer(settings, newSession).Run();

    private void Run()
    {
        using var terminate = new GreenSignal(PosixSignal.SIGTERM);
        using var interrupt = new GreenSignal(PosixSignal.SIGINT);
        using GreenScope sessions = GreenScope.Open(FailurePolicy.CollectAll);
        using (GreenTcpListener listener = GreenTcpListener.Listen(_settings.EndPoint, Backlog))
        using (GreenScope accepting = GreenScope.Open())
        {
            GreenThread acceptor = accepting.Spawn(() => Accept(listener, sessions), "acceptor");
            Console.WriteLine($"listening on {listener.LocalEndPoint}");
            if (Select.Wait(Select.Signaled(terminate), Select.Signaled(interrupt), Select.Ended(acceptor)) == 2)
                accepting.Join(); // Throws what ended it.
            // Leaving the scope cancels the acceptor and waits for it: from here on there are no further sessions.
        }
        foreach (Session session in _sessions.Keys)
            Stop(session);
        if (!_open.TryWait(_settings.Drain))
            Console.Error.WriteLine($"{_open.CurrentCount} connections did not end within {_settings.Drain.TotalSeconds} s and are closed");
        // Leaving this scope cancels those.
    }

    private void Accept(GreenTcpListener listener, GreenScope sessions)
    {
        while (true)
        {
            _places.Wait();
            Session session = _newSession(listener.Accept());
            _open.Add();
            _sessions[session] = true;
            sessions.Spawn(() => Serve(session));
        }
    }

    private void Serve(Session session)
    {
        try
        {
            using (session.Stream)
                session.Serve();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidDataException)
        {
            // The peer has gone, was too slow, or said something that it may not say.
        }
        catch (Exception exception) when (exception is not GreenThreadCanceledException)
        {
            // A defect in one session must not end the others.
            Console.Error.WriteLine($"a session failed: {exception}");
        }
        finally
        {
            _sessions.TryRemove(session, out _);
            _open.Signal();
            _places.Release();
        }
    }

    private static void Stop(Session session)
    {
        try
        {
            session.Stop();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // It has ended meanwhile.
        }
    }
}
