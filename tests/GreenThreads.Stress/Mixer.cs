using System.Collections.Concurrent;

namespace GreenThreads.Stress;

/// <summary>
/// An OS thread that unparks whoever comes by, now and then: the green thread goes on wherever there is room, and not where those are that wake it.
/// </summary>
internal sealed class Mixer : IDisposable
{
    private readonly ConcurrentQueue<Visitor> _visitors = new();
    private readonly Thread _thread;
    private volatile bool _stop;

    internal Mixer()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "mixer" };
        _thread.Start();
    }

    /// <summary>Parks the calling green thread until the mixer unparks it.</summary>
    internal void Pass()
    {
        var visitor = new Visitor(GreenThread.Current!);
        _visitors.Enqueue(visitor);
        while (!visitor.MayGo)
            GreenThread.Park();
    }

    /// <summary>Nobody comes by any more.</summary>
    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    private void Run()
    {
        while (!_stop)
        {
            while (_visitors.TryDequeue(out Visitor? visitor))
            {
                visitor.MayGo = true;
                visitor.Thread.Unpark();
            }
            Thread.Sleep(1);
        }
    }

    private sealed class Visitor(GreenThread thread)
    {
        private volatile bool _mayGo;

        internal GreenThread Thread => thread;

        internal bool MayGo
        {
            get => _mayGo;
            set => _mayGo = value;
        }
    }
}
