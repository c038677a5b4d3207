using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GreenThreads;

// The pidfd of a child process. It becomes readable when the child has ended; the child is a zombie from then on until somebody takes its end (waitid), which is
// done here once and kept. One that is closed before the child has ended is not given up: the number goes to a new object, which waits for the end and takes it, so
// no zombie is left and nothing polls.
internal sealed class ChildDescriptor : PolledDescriptor
{
    private readonly string _fileName;
    private SpinGate _gate;

    // Guarded by _gate when written. The second is the error number with which the end was looked for in vain, because somebody else had taken it.
    private GreenChildExit? _exit;
    private int _failure;

    internal ChildDescriptor(int descriptor, int processId, string fileName)
        : base(descriptor, typeof(GreenChildProcess))
    {
        ProcessId = processId;
        _fileName = fileName;
    }

    internal int ProcessId { get; }

    /// <summary>How the child has ended; null if it has not.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed of, and was before the end was known.</exception>
    /// <exception cref="SystemCallException">Somebody else has taken the end, and how it was cannot be known.</exception>
    internal GreenChildExit? TakeEnd()
    {
        if (Volatile.Read(ref _exit) is { } known)
            return known;
        bool isHeld = false;
        try
        {
            ThrowIfClosed();
            DangerousAddRef(ref isHeld);
            TakeEndCore();
        }
        finally
        {
            if (isHeld)
                DangerousRelease();
        }
        if (_failure != 0)
            ThrowTaken(_failure);
        return _exit;
    }

    protected override bool ReleaseHandle()
    {
        // Its number is not closed but handed on, so not by way of the base.
        Interest.Close();
        int descriptor = (int)handle;
        OwnedInterests.Remove(Interest);
        if (_exit is null && _failure == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static child => child.TakeEndLater(), new ChildDescriptor(descriptor, ProcessId, _fileName), preferLocal: false);
        else
            _ = Interop.close(descriptor);
        return true;
    }

    private void TakeEndCore()
    {
        using (_gate.Enter())
        {
            if (_exit is not null || _failure != 0)
                return;
            int errno = Interop.TakeEndOfChild(this, out int code, out int status);
            if (errno == Errno.ECHILD && Interop.TryGetEndOfProcess(this, out int waitStatus))
            {
                errno = 0;
                int signal = waitStatus & 0x7F;
                code = signal == 0 ? Interop.CLD_EXITED : (waitStatus & 0x80) != 0 ? Interop.CLD_DUMPED : Interop.CLD_KILLED;
                status = signal == 0 ? (waitStatus >> 8) & 0xFF : signal;
            }
            _failure = errno;
            if (code != 0)
                Volatile.Write(ref _exit, new GreenChildExit(_fileName, ProcessId, code, status)); // Release: pairs with the read without the gate.
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Nobody is there to be told: the child is not ours any more, or the system cannot register one more descriptor.")]
    private async void TakeEndLater()
    {
        try
        {
            while (true)
            {
                int seen = Interest.EdgesOf(WaitDirection.Read);
                if (TakeEnd() is not null)
                    break;
                await WaitAsync(WaitDirection.Read, seen, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            _failure = Errno.ECHILD; // It is closed now, whatever it was.
        }
        Dispose();
    }

    [DoesNotReturn]
    private static void ThrowTaken(int errno) => throw new SystemCallException("waitid", errno,
        errno == Errno.ECHILD
            ? "somebody else in this process has waited for the child and got how it ended: a waitpid(-1), or the runtime where it is process 1 or SIGCHLD was ignored at its start"
            : null);
}
