namespace GreenThreads;

// Is a static constructor under way on this thread's stack? The runtime calls one through a P/Invoke of its own, so there is an explicit frame for it; which
// P/Invoke that is tells the name of the method at its return address. To find a name takes some ten microseconds, and a program has a few dozen of such
// places, so each is asked about once.
internal static class StaticConstructors
{
    // Places that are remembered; beyond that, all are forgotten: code that was unloaded may have left its addresses to others.
    private const int MaximumPlaces = 512;

    // Replaced as a whole; whoever loses the race asks once more another time.
    private static volatile Dictionary<AffinityCause, bool> s_places = [];

    private static readonly Func<AffinityCause, bool> s_isStaticConstructor = IsStaticConstructor;

    /// <summary>To be asked by the thread itself, in managed code; it does not park. False also where the names of frames cannot be had.</summary>
    internal static bool AreOn(nint clrThread) => AffinityCause.Any(clrThread, s_isStaticConstructor);

    private static bool IsStaticConstructor(AffinityCause place)
    {
        Dictionary<AffinityCause, bool> places = s_places;
        if (places.TryGetValue(place, out bool isOne))
            return isOne;
        using (NoPark.Enter())
        {
            try
            {
                // The first time ever, it examines the runtime, which it cannot do on a stack of ours.
                isOne = ManagedFrames.HasBeenTried ? place.IsStaticConstructor : ProbeThread.Run(() => place.IsStaticConstructor);
            }
            catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
            {
                return true; // Who does not know does not park. Another time.
            }
        }
        s_places = new Dictionary<AffinityCause, bool>(places.Count < MaximumPlaces ? places : []) { [place] = isOne };
        return isOne;
    }
}
