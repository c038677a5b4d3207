using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GreenThreads;

// Compares what is read with what is known, before any of it is believed: a thread notes its own stack trace and stays there, first in native
// code and then in a loop, and every name must be the same. Its frames are of this library (compiled here) and of the framework (compiled ahead).
internal static partial class ManagedFramesCheck
{
    // A guess, for a machine that is busy.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private sealed class Subject
    {
        internal volatile bool Waits;
        internal volatile bool Ends;
        internal volatile Exception? Failure;
        internal nint Thread;
        internal int OSId;
        internal nint StackLimit;
        internal nint StackBase;
        internal string[] Names = [];
        internal int Descriptor;
    }

    /// <exception cref="RuntimeUnsupportedException">A name is not what it must be.</exception>
    internal static void Run(FrameReader frames)
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.Out);
        var subject = new Subject { Descriptor = (int)pipe.ClientSafePipeHandle.DangerousGetHandle() };
        Watch(subject, WaitInNativeCode, () =>
        {
            // It is in native code a moment after it says so.
            IReadOnlyList<string>? names = null;
            if (!SpinWait.SpinUntil(() => (names = frames.OfNative(subject.Thread, subject.StackLimit, subject.StackBase)) is not null, s_patience))
                throw new RuntimeUnsupportedException("the frames of a thread in native code cannot be read");
            Compare(subject, names!, $"{typeof(ManagedFramesCheck).FullName}.{nameof(poll)}");
            pipe.WriteByte(0);
        });
    }

    /// <summary>A sampler that has shown the right names, or null.</summary>
    internal static StackSampler? MakeSampler(FrameReader frames)
    {
        if (StackSampler.TryCreate() is not { } sampler)
            return null;
        var subject = new Subject();
        try
        {
            Watch(subject, Compute, () =>
            {
                IReadOnlyList<string>? names = null;
                SpinWait.SpinUntil(
                    () => (names = ManagedFrames.OfComputing(frames, sampler, subject.Thread, subject.OSId, subject.StackLimit, subject.StackBase)) is not null,
                    s_patience);
                Compare(subject, names ?? throw new RuntimeUnsupportedException("a thread that computes cannot be interrupted"), null);
            });
            return sampler;
        }
        catch (RuntimeUnsupportedException)
        {
            return null;
        }
    }

    private static void Watch(Subject subject, Action<Subject> body, Action watch)
    {
        var thread = new Thread(() => Outer(subject, body)) { IsBackground = true, Name = "GreenThreads frames" };
        thread.UnsafeStart();
        try
        {
            if (!SpinWait.SpinUntil(() => subject.Waits || subject.Failure is not null, s_patience) || subject.Failure is not null)
                throw new RuntimeUnsupportedException($"a thread could not note its own frames: {subject.Failure?.Message ?? "it did not start"}");
            watch();
        }
        finally
        {
            subject.Ends = true;
        }
        thread.Join();
    }

    // Whatever the walk shows beyond must not differ; the function itself is known only where the P/Invoke was compiled here.
    private static void Compare(Subject subject, IReadOnlyList<string> names, string? function)
    {
        string[] found = [.. names.Where(static name => name is not (ManagedFrames.Native or ManagedFrames.More))];
        if (function is not null && found.Length > 0 && found[0] == function)
            found = found[1..];
        if (!found.SequenceEqual(subject.Names))
            throw new RuntimeUnsupportedException($"the frames of a known thread are read as {string.Join(", ", names)} instead of {string.Join(", ", subject.Names)}");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Outer(Subject subject, Action<Subject> body)
    {
        try
        {
            body(subject);
        }
        catch (Exception exception)
        {
            subject.Failure = exception;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void WaitInNativeCode(Subject subject)
    {
        Note(subject);
        var descriptor = new Interop.pollfd { fd = subject.Descriptor, events = Interop.POLLIN };
        _ = poll(&descriptor, 1, 5000);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Compute(Subject subject)
    {
        Note(subject);
        while (!subject.Ends)
        {
        }
    }

    // Without marshalling, so that the compiler puts the call into its caller and m_Datum says which it is.
    [LibraryImport("libc")]
    private static unsafe partial int poll(Interop.pollfd* fds, nuint nfds, int timeout);

    // The names from the caller of this on.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Note(Subject subject)
    {
        subject.Thread = *(nint*)(ClrRuntime.Module.GetTlsBlock() + ClrRuntime.Layout.CurrentThreadSlot);
        subject.OSId = Interop.gettid();
        (subject.StackLimit, subject.StackBase) = Interop.GetStackBounds();
        subject.Names = [.. new StackTrace(1, fNeedFileInfo: false).GetFrames().Select(static frame => NameOf(frame.GetMethod()!))];
        subject.Waits = true;
    }

    private static string NameOf(MethodBase method) => $"{method.DeclaringType!.FullName!.Replace('+', '.')}.{method.Name}";
}
