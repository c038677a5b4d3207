namespace GreenThreads.Tour;

/// <summary>A step of the tour failed; the message is for the user.</summary>
internal sealed class TourException(string message) : Exception(message);
