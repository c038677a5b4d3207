using System.Runtime.CompilerServices;

namespace GreenThreads;

// The word that decides what a select has got. One for each waiter, used again by its next select.
//
//   Open       nothing yet: cases are in lists, or about to be
//   Chosen i   case i it is; whoever wrote that owes the select what the case is about
//   GivenUp    nothing will be taken any more: the waiter leaves with an exception
//
//   any        -> Open       Open       the waiter itself, while none of its nodes is in a list and nobody is at work with one
//   Open       -> Chosen i   TryChoose  a counterpart, under the gate of case i; or the waiter itself, for a case that nobody can take from it
//   Open       -> GivenUp    TryGiveUp  the waiter itself
//
// A counterpart takes a node out of its list first and asks the word then, so that a node is out of its list does not mean that nobody will ask any more. Only
// the gate says that. See SelectWait; SelectModelTests shows what happens otherwise.
internal struct SelectWord<TAtomics>
    where TAtomics : struct, IAtomics
{
    private const int IsOpen = 0;
    private const int IsGivenUp = -1;
    private const int FirstCase = 1;

    private int _word;

    /// <summary>The case that was chosen, or -1.</summary>
    internal int Chosen
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Math.Max(TAtomics.Read(ref _word) - FirstCase, -1);
    }

    internal void Open() => TAtomics.Write(ref _word, IsOpen);

    /// <summary>Chooses a case, if none was chosen yet.</summary>
    internal bool TryChoose(int index) => TAtomics.CompareExchange(ref _word, index + FirstCase, IsOpen) == IsOpen;

    /// <summary>Ends the select with nothing.</summary>
    /// <returns>False if a case was chosen before.</returns>
    internal bool TryGiveUp() => TAtomics.CompareExchange(ref _word, IsGivenUp, IsOpen) == IsOpen;

    public override readonly string ToString() => _word switch
    {
        IsOpen => "Open",
        IsGivenUp => "GivenUp",
        _ => $"Chosen {_word - FirstCase}",
    };
}
